# What every batch script of glane does after the work: the exit code tells whether the run is complete.
glane_code=$?
# Where others may write in the folder that the job was submitted from, they may have put a file of theirs in its place.
if [[ -O $GLANE_EXIT_CODE_FILE && ! -L $GLANE_EXIT_CODE_FILE ]]; then
    read -r glane_written glane_next glane_bad 2>/dev/null <"$GLANE_EXIT_CODE_FILE"
fi
rm -f "$GLANE_EXIT_CODE_FILE"
# Keeps the jobs that wait under an id off the nodes that the run found bad. Half of the usable nodes of the
# partition are left, and as many as this job has: glane.cluster.slurm.exclusion keeps the same rule for new submissions.
glane_excluded() {  # the nodes that jobs which wait under an id are kept off, a line each
    local facts pattern=' ExcNodeList=([^ (]+)'
    facts=$(scontrol show job --oneliner "$1" 2>/dev/null | grep -E -m 1 " JobState=(PENDING|COMPLETING|REQUEUED) ") || return 1
    if [[ $facts =~ $pattern ]]; then scontrol show hostnames "${BASH_REMATCH[1]}" 2>/dev/null; fi
}
glane_exclude() {
    local all before list count total
    all=$(sinfo --noheader --Node --partition="${SLURM_JOB_PARTITION:-}" --format='%R %N %T' 2>/dev/null |
        grep -E ' (allocated|completing|idle|mixed|planned|power[a-z_]*|reboot[a-z_]*)[-+~#!%@^]?$' | cut -d ' ' -f 2 | sort -u)
    if [[ ! $glane_bad =~ ^[A-Za-z0-9_.,-]+$ || -z $all ]] || ! before=$(glane_excluded "$1"); then return 0; fi
    list=$(grep . <<<"$before"$'\n'"${glane_bad//,/$'\n'}" | sort -u)
    total=$(wc -l <<<"$all")
    count=$(grep -cxFf <(echo "$list") <<<"$all")
    if [[ $list == "$(sort -u <<<"$before")" ]]; then return 0; fi
    if ((2 * count > total || total - count < SLURM_JOB_NUM_NODES)); then
        echo "nodes $glane_bad are not excluded: too few of partition ${SLURM_JOB_PARTITION:-} would be left" >&2
        return 0
    fi
    scontrol update JobId="$1" ExcNodeList="${list//$'\n'/,}" >/dev/null 2>&1  # of an array, jobs at work refuse it
    if [[ $(glane_excluded "$1" | sort -u) == "$list" ]]; then
        echo "jobs that wait as $1 are kept off ${list//$'\n'/,} (cluster.exclude_bad_nodes)" >&2
    else
        echo "jobs that wait as $1 could not be kept off $glane_bad: Slurm refuses it" >&2
    fi
}
if [[ $glane_next == requeue ]]; then
    # Here, and not in the task: a container has no commands of Slurm. Slurm ends this script when it requeues the job.
    # Who asks Slurm is not to end with this script, before the job that waits again is kept off bad nodes.
    exec 4>&2
    if glane_refusal=$(
        trap '' TERM
        scontrol requeue "$SLURM_JOB_ID" 2>&1 || exit 1
        if [[ -n ${glane_bad:-} ]]; then glane_exclude "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}" 2>&4; fi
    ); then
        sleep 90
    else
        echo "Slurm does not requeue this job (${glane_refusal:-scontrol is not there}); submit again to go on" >&2
    fi
fi
if [[ $glane_next != requeue && -n ${glane_bad:-} && -n ${SLURM_ARRAY_JOB_ID:-} ]]; then
    glane_exclude "$SLURM_ARRAY_JOB_ID"
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
