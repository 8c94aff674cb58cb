# What every batch script of glane does after the work: the exit code tells whether the run is complete.
glane_code=$?
glane_written=$(cat "$GLANE_EXIT_CODE_FILE" 2>/dev/null)
rm -f "$GLANE_EXIT_CODE_FILE"
if [[ -n $glane_written ]]; then exit "$glane_written"; fi
# The first node could not say anything: it was killed. Whatever the others say, this is no success.
if [[ $glane_code -eq 0 ]]; then exit 1; fi
exit "$glane_code"
