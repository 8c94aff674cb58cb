"""The kinds of field: one file each, with all that is particular to the kind. `glane.task.fields` gathers them."""
