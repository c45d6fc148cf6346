namespace RaftStream.Testing;

/// <summary>What a run through all places found.</summary>
/// <param name="Places">How many crashes there were, one at each place, moment and victim.</param>
/// <param name="Records">Records that were acknowledged meanwhile.</param>
internal sealed record SinkCrashReport(int Places, long Records);

/// <summary>
/// Kills the leader, the node that reads or the third one at every place where a node changes a disk, before, in the middle of and after the operation, while a job writes its file sink; and at the places of the sink while a node starts as well.
/// Nothing may be missing or stand twice in any replica's files.
/// </summary>
internal static class SinkCrashes
{
    /// <summary>The places of a node that has no outbox.</summary>
    public static IReadOnlyList<int> Places { get; } = [.. IoPoints.OfLogAndSnapshots, .. IoPoints.OfSinks];

    /// <summary>All victims and moments.</summary>
    /// <exception cref="ViolationException">Something is missing or stands twice, or a place was not come to.</exception>
    public static SinkCrashReport Run(ulong seed, CancellationToken cancellation)
    {
        var report = new SinkCrashReport(0, 0);
        foreach (var victim in Enum.GetValues<SinkVictim>())
        {
            foreach (var moment in Enum.GetValues<CrashMoment>())
            {
                cancellation.ThrowIfCancellationRequested();
                var one = Run(seed, victim, moment);
                report = new(report.Places + one.Places, report.Records + one.Records);
            }
        }

        return report;
    }

    /// <summary>One victim and one moment: a life of the cluster with a crash at each place.</summary>
    /// <exception cref="ViolationException">Something is missing or stands twice, or a place was not come to.</exception>
    public static SinkCrashReport Run(ulong seed, SinkVictim victim, CrashMoment moment)
    {
        using var cluster = new SinkCluster(seed);
        foreach (var place in Places)
            cluster.Kill(victim, place, moment);
        foreach (var place in IoPoints.OfSinks)
            cluster.Kill(victim, place, moment, isAtStart: true);
        cluster.ComeToRest();
        var crashes = Places.Count + IoPoints.OfSinks.Count;
        ViolationException.Require(cluster.Crashes == crashes, "SinkCrash", $"{cluster.Crashes} crashes came of {crashes} that were asked for.");
        return new(crashes, cluster.Acknowledged);
    }
}
