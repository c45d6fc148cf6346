using System.Diagnostics.CodeAnalysis;

namespace RaftStream.Hosting.Streams;

/// <summary>What the names stand for that requests give, on whichever port; where there is nothing of a name, one sentence says so.</summary>
internal static class StreamPlaces
{
    /// <summary>The job of that name; null where this program has none.</summary>
    public static Job? JobOf(NodeHandle handle, string? name) => handle.Settings.Jobs.FirstOrDefault(job => string.Equals(job.Name, name, StringComparison.Ordinal));

    /// <summary>That there is no such job.</summary>
    public static string NoJob(string? name) => $"This program has no stream job '{name}': GET /v1/streams lists those it has.";

    /// <summary>Finds a source that lines can be handed to.</summary>
    public static bool TrySource(NodeHandle handle, string? jobName, string? name, out IngestPlace place, [NotNullWhen(false)] out string? problem)
    {
        place = default;
        if (JobOf(handle, jobName) is not { } job)
        {
            problem = NoJob(jobName);
            return false;
        }

        if (job.Sources.FirstOrDefault(source => string.Equals(source.Name, name, StringComparison.Ordinal)) is not { IsRead: false } found)
        {
            problem = $"The job '{job.Name}' has no source '{name}' that records could be handed to: {string.Join(", ", job.Sources.Where(static one => !one.IsRead).Select(static one => one.Name))}.";
            return false;
        }

        (place, problem) = (new(job, found), null);
        return true;
    }

    /// <summary>Whether a job has a subscription of that name.</summary>
    public static bool HasSubscription(NodeHandle handle, string? jobName, string? name, [NotNullWhen(false)] out string? problem)
    {
        problem = JobOf(handle, jobName) is not { } job ? NoJob(jobName)
            : !job.Sinks.Any(sink => sink.Keep is not null && string.Equals(sink.Name, name, StringComparison.Ordinal)) ? $"The job '{job.Name}' has no subscription '{name}'."
            : null;
        return problem is null;
    }
}

/// <summary>A source of a job that lines are handed to.</summary>
internal readonly record struct IngestPlace(Job Job, ISourceNode Source);
