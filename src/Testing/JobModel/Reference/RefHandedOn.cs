namespace RaftStream.Testing;

/// <summary>What the log says of the outputs of one sink that are handed on. Sequences begin at 1, and one is never given to two outputs.</summary>
/// <param name="sink">The sink: everything that it ever was given.</param>
/// <param name="node">The same sink in the job.</param>
internal sealed class RefHandedOn(RefSink sink, SinkNode node)
{
    public RefSink Sink => sink;

    public SinkNode Node => node;

    /// <summary>The oldest output that waits; the next one where none does.</summary>
    public long First { get; set; } = 1;

    /// <summary>How many outputs the job has given the sink: where few timers fire in a command, fewer than its reference has.</summary>
    public long Made { get; set; }

    /// <summary>Those that were dead letters and are to go out again.</summary>
    public SortedSet<long> Again { get; } = [];

    /// <summary>Those that were a dead letter once, whatever became of it.</summary>
    public HashSet<long> SetAside { get; } = [];

    /// <summary>Whether nothing waits.</summary>
    public bool IsDone => First > Made && Again.Count == 0;
}
