namespace RaftStream.StreamStateMachine;

/// <summary>The folder that holds the files of all sinks of a machine, and nothing else.</summary>
internal static class SinkFolder
{
    /// <summary>Looks whether the jobs can write there.</summary>
    /// <exception cref="ArgumentException">Two sinks would write the same files, or there is no folder.</exception>
    public static void Check(IReadOnlyList<Job> jobs, IDisk? files)
    {
        // A file system that does not tell capitals would mix up names that differ in these alone.
        var owners = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (job, sink) in jobs.SelectMany(static job => job.Files, static (job, sink) => (job, sink)))
        {
            if (files is null)
                throw new ArgumentException($"Job '{job.Name}' writes files, to its sink '{sink.Name}', and this machine has no folder for them: give it one, with the parameter '{nameof(files)}'.", nameof(files));
            var (pattern, owner) = (new SinkFileName(job.Name, sink.Name).Pattern, $"'{sink.Name}' of job '{job.Name}'");
            if (!owners.TryAdd(pattern, owner))
                throw new ArgumentException($"The file sinks {owners[pattern]} and {owner} would both write '{pattern}': give one of them another name.", nameof(jobs));
        }
    }

    /// <summary>Deletes whatever is there.</summary>
    /// <exception cref="IOException">The folder cannot be read, or a file not deleted.</exception>
    public static void Empty(IDisk? files)
    {
        foreach (var name in files?.List() ?? [])
            files!.Delete(name);
    }
}
