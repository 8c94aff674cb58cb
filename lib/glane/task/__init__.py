"""What is asked of each document: fields, their JSON Schema and Arrow types, and the prompt."""
