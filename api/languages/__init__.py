"""The six languages of the United Nations: texts, numbers, days and money."""
