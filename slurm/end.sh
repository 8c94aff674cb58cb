# What every batch script of glane does after the work: the exit code tells whether the run is complete.
glane_code=$?
glane_verdict=$(cat "$GLANE_VERDICT" 2>/dev/null)
rm -f "$GLANE_VERDICT"
if [[ -n $glane_verdict ]]; then exit "$glane_verdict"; fi
# The first node could not say anything: it was killed. Whatever the others say, this is no success.
if [[ $glane_code -eq 0 ]]; then exit 1; fi
exit "$glane_code"
