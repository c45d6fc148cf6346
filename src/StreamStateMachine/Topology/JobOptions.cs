namespace RaftStream.StreamStateMachine;

/// <summary>Limits of a job. They are part of it: equal on all nodes.</summary>
public sealed record JobOptions
{
    /// <summary>
    /// How many bytes of state it may have, counted as the bytes of keys and values and 32 for each entry: 1 MiB to 1 TiB, 1 GiB unless said otherwise. Records that would need more are declined, with
    /// their batch, until there is room; what is there goes on being changed and read.
    /// </summary>
    public long MaxStateBytes { get; init; } = 1L << 30;

    /// <summary>How many outputs may wait at a sink before the job takes no more records: 1 to 1,000,000.</summary>
    public long MaxWaitingOutputs { get; init; } = 100_000;

    /// <summary>How many timers fire in one command: 1 to 1,000,000. More are fired by the commands behind it.</summary>
    public int MaxTimersPerCommand { get; init; } = 4096;

    internal void Check()
    {
        if (MaxStateBytes is < 1 << 20 or > 1L << 40)
            throw new ArgumentException($"A job has 1 MiB to 1 TiB of state, not {MaxStateBytes} bytes: set {nameof(MaxStateBytes)} between these.");
        if (MaxWaitingOutputs is < 1 or > 1_000_000)
            throw new ArgumentException($"1 to 1,000,000 outputs wait at a sink, not {MaxWaitingOutputs}: set {nameof(MaxWaitingOutputs)} between these.");
        if (MaxTimersPerCommand is < 1 or > 1_000_000)
            throw new ArgumentException($"1 to 1,000,000 timers fire in a command, not {MaxTimersPerCommand}: set {nameof(MaxTimersPerCommand)} between these.");
    }
}
