"""The kinds of field, one file each, with everything that is specific to the kind. `glane.task.fields` lists them."""
