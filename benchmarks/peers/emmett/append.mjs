// Appends through emmett: node append.mjs CONNECTION_STRING CONNECTIONS. Reads a line "WRITERS SECONDS" for each round,
// and answers it with a line of JSON. Each writer appends one event, waits for it, and goes on; after LIFE events it
// begins the next stream. The database is its own.
import { createInterface } from 'node:readline';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';

const LIFE = 10;
const [connectionString, connections] = [process.argv[2], Number(process.argv[3])];
const pool = new pg.Pool({ connectionString, max: connections });
const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { pool } });

const contribution = () => ({
  type: 'Contributed',
  data: { target: 'schools', quantity: '1', effective_on: '2025-01-01' },
});

async function write(name, until, milliseconds) {
  for (let n = 0; performance.now() < until; n += 1) {
    const begun = performance.now();
    await store.appendToStream(`pledge-${name}-${Math.floor(n / LIFE)}`, [contribution()], {
      expectedStreamVersion: n % LIFE === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(n % LIFE),
    });
    milliseconds.push(performance.now() - begun);
  }
}

async function round(number, writers, seconds) {
  const milliseconds = [];
  const begun = performance.now();
  const names = Array.from({ length: writers }, (_, writer) => `${number}-${writer}`);
  await Promise.all(names.map((name) => write(name, begun + seconds * 1000, milliseconds)));
  return { milliseconds, seconds: (performance.now() - begun) / 1000 };
}

await store.schema.migrate();
console.log(JSON.stringify({ ready: true }));
let number = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [writers, seconds] = line.split(' ').map(Number);
  number += 1;
  console.log(JSON.stringify(await round(number, writers, seconds)));
}
await store.close();
await pool.end();
