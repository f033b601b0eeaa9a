// What a check comes to where it does not end well. `reason` names the sentence that says it, `values` what it names.

// The evidence contradicts itself, or what was seen before.
export class DoesNotHold extends Error {
  constructor(reason, values = {}) {
    super(reason);
    this.reason = reason;
    this.values = values;
  }
}

// Nothing is known to be wrong, but it could not be checked either.
export class CannotTell extends Error {
  constructor(reason, values = {}) {
    super(reason);
    this.reason = reason;
    this.values = values;
  }
}
