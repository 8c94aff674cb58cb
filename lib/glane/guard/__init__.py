"""What the processes of a run may connect to: the machine itself, the nodes of its job, and what is named.

`hold` runs a command whose connections the kernel asks about, and all that it starts; `hook` does for Python alone what
needs no kernel; `policy` says what is allowed, `services` which programs of the machine are not reached, and `refusals`
writes down what was not.
"""
