namespace RaftStream.Testing;

/// <summary>Records of a producer that are handed in at once: all of them are taken, or none.</summary>
/// <param name="Source">The number of the source.</param>
/// <param name="Producer">Which of its producers.</param>
/// <param name="First">The sequence of the first record.</param>
/// <param name="Records">The records.</param>
internal sealed record JobBatch(int Source, int Producer, long First, IReadOnlyList<ModelRecord> Records)
{
    /// <summary>When it was first sent.</summary>
    public required long Invoked { get; init; }

    /// <summary>When it was first known to be taken; null if nobody ever knew.</summary>
    public long? Acknowledged { get; set; }

    /// <summary>How many of its records were new, by all answers together.</summary>
    public long New { get; set; }

    /// <inheritdoc/>
    public override string ToString() => $"records {First} to {First + Records.Count - 1} of producer {TortureJob.NameOf(Producer)} of source {Source}";
}

/// <summary>What a subscriber was told at one node, from one connection.</summary>
/// <param name="Node">The node.</param>
/// <param name="From">The first sequence that it asked for.</param>
/// <param name="Told">What it was told.</param>
internal sealed record JobStretch(int Node, long From, IReadOnlyList<JobOutput> Told);

/// <summary>A subscriber, which goes from node to node and on from where it was.</summary>
/// <param name="Sink">To which sink.</param>
/// <param name="Stretches">What it was told.</param>
internal sealed record JobSubscriber(string Sink, IReadOnlyList<JobStretch> Stretches);

/// <summary>All outputs of a sink as one node had them at last, from the first on.</summary>
/// <param name="Node">The node.</param>
/// <param name="Sink">The sink.</param>
/// <param name="Told">What it told.</param>
internal sealed record JobList(int Node, string Sink, IReadOnlyList<JobOutput> Told);

/// <summary>What became of a job in a run.</summary>
internal sealed record JobAccount
{
    /// <summary>The job.</summary>
    public required TortureJob Job { get; init; }

    /// <summary>All that was sent.</summary>
    public required IReadOnlyList<JobBatch> Batches { get; init; }

    /// <summary>The subscribers of the run.</summary>
    public required IReadOnlyList<JobSubscriber> Subscribers { get; init; }

    /// <summary>Where it stood at last; null if nobody said.</summary>
    public required JobStands? Stands { get; init; }

    /// <summary>What every node had of every subscription at last.</summary>
    public required IReadOnlyList<JobList> Lists { get; init; }

    /// <summary>The rows of its tables at last as "key=value", by operator; tables that were not read are not here.</summary>
    public required IReadOnlyDictionary<int, IReadOnlyList<string>> Tables { get; init; }

    /// <summary>Whether every timer of log time had a time long enough to fire before <see cref="Lists"/> were read.</summary>
    public required bool HasWaited { get; init; }
}
