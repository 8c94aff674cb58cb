# What every batch script of glane does after the work: the exit code tells whether the run is complete.
glane_code=$?
# Where others may write in the folder that the job was submitted from, they may have put a file of theirs in its place.
if [[ -O $GLANE_EXIT_CODE_FILE && ! -L $GLANE_EXIT_CODE_FILE ]]; then
    read -r glane_written glane_next 2>/dev/null <"$GLANE_EXIT_CODE_FILE"
fi
rm -f "$GLANE_EXIT_CODE_FILE"
if [[ $glane_next == requeue ]]; then
    # Here, and not in the task: a container has no commands of Slurm. Slurm ends this script when it requeues the job.
    if glane_refusal=$(scontrol requeue "$SLURM_JOB_ID" 2>&1); then
        sleep 90
    else
        echo "Slurm does not requeue this job (${glane_refusal:-scontrol is not there}); submit again to go on" >&2
    fi
fi
if [[ $glane_next == complete && -n ${SLURM_ARRAY_JOB_ID:-} ]]; then
    # All jobs of this array work on one run: those that have not started would find nothing left.
    scancel --state=PENDING "$SLURM_ARRAY_JOB_ID" 2>/dev/null
fi
if [[ -n $glane_written ]]; then exit "$glane_written"; fi
# The first node could not say anything: it was killed, or does not see the file. Alone, it says all by its own code;
# among several, whatever the others say is no success.
if [[ $glane_code -eq 0 && $SLURM_JOB_NUM_NODES -gt 1 ]]; then exit 1; fi
exit "$glane_code"
