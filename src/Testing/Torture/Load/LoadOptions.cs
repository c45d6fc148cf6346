using System.Diagnostics;

namespace RaftStream.Testing;

/// <summary>How a cluster is loaded.</summary>
internal sealed record LoadOptions
{
    /// <summary>What everything is drawn from.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How many clients there are; each has one operation at a time. 1 to 10,000.</summary>
    public int Clients { get; init; } = 20;

    /// <summary>Operations a second, of all clients together. Above 0.</summary>
    public double Rate { get; init; } = 200;

    /// <summary>How long a client waits for an answer before its outcome counts as unknown.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long final calls may take all together, once everything is mended.</summary>
    public TimeSpan FinalTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long after a batch of records for a stream job the next one for it begins at the soonest: so a run of twenty minutes comes to no more records than are kept.</summary>
    public TimeSpan JobPace { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The most operations that a run keeps: they stay in memory, with about 250 bytes each. At most 1,000,000.</summary>
    public int MaxOperations { get; init; } = HistoryReader.MaxOperations;

    /// <summary>The workloads by name; empty for all that the system can do (<see cref="LoadCatalog"/>).</summary>
    public IReadOnlyList<string> Workloads { get; init; } = [];

    /// <summary>The folder of the run: the stream's source and <c>history.jsonl</c> are written there.</summary>
    public required string Folder { get; init; }
}

/// <summary>The time of a run in nanoseconds from its start, by one monotonic clock: all that a run records is told by it.</summary>
internal sealed class RunClock
{
    private static readonly double NanosecondsPerTick = 1e9 / Stopwatch.Frequency;

    private long _start = Stopwatch.GetTimestamp();

    /// <summary>Nanoseconds since the start.</summary>
    public long Now => (long)((Stopwatch.GetTimestamp() - Volatile.Read(ref _start)) * NanosecondsPerTick);

    /// <summary>Begins again from 0: the run starts when its clients do, however long its nodes took to come up.</summary>
    public void Restart() => Volatile.Write(ref _start, Stopwatch.GetTimestamp());
}

/// <summary>How the load is getting on.</summary>
/// <param name="Ok">Operations done so far.</param>
/// <param name="Failed">Operations certainly not done.</param>
/// <param name="Unknown">Operations of which nobody knows.</param>
/// <param name="PerSecond">Operations that ended, each second since the last look.</param>
internal readonly record struct LoadProgress(long Ok, long Failed, long Unknown, double PerSecond);

/// <summary>What a node told of a key after everything was mended.</summary>
/// <param name="Workload">Whose key.</param>
/// <param name="Key">The key.</param>
/// <param name="Node">Through which node.</param>
/// <param name="Value">What it told; null if no answer came in time.</param>
internal sealed record FinalRead(string Workload, string Key, int Node, HistoryValue? Value);

/// <summary>All that the load of a run brought to light.</summary>
internal sealed record LoadResult
{
    /// <summary>Every operation, in the order of completion.</summary>
    public required IReadOnlyList<RunOperation> Operations { get; init; }

    /// <summary>When everything was mended and the final calls began, in nanoseconds from the start.</summary>
    public required long FinalFrom { get; init; }

    /// <summary>The final reads.</summary>
    public required IReadOnlyList<FinalRead> FinalReads { get; init; }

    /// <summary>Where each node stood at last, by its own account; nodes that told nothing are not here.</summary>
    public required IReadOnlyDictionary<int, NodeView> Views { get; init; }

    /// <summary>Commands of sessions that were sent once more after their answer was there.</summary>
    public required IReadOnlyList<SessionRepeat> Repeats { get; init; }

    /// <summary>What became of the stream; null if none was read.</summary>
    public required StreamAccount? Stream { get; init; }

    /// <summary>Where each node stood once there was nothing more to wait for in any outbox, or no time; null if nobody was content with one.</summary>
    public IReadOnlyDictionary<int, NodeView>? Outboxes { get; init; }

    /// <summary>What the watchers were told; null if nobody watched.</summary>
    public WatchAccount? Watch { get; init; }

    /// <summary>What became of each stream job that was loaded.</summary>
    public IReadOnlyList<JobAccount> Jobs { get; init; } = [];

    /// <summary>Whether the load ended early because <see cref="LoadOptions.MaxOperations"/> was reached.</summary>
    public required bool IsFull { get; init; }
}
