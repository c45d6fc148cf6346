namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>One of several replicas that apply the same commands: it may begin anew from a snapshot at any time, with whatever its folder holds then.</summary>
internal sealed class SinkReplica : IDisposable
{
    private readonly Job _job;

    public SinkReplica(Job job)
    {
        _job = job;
        Machine = new([job], files: Disk.Disk);
    }

    public SinkDisk Disk { get; } = new();

    public StreamMachine Machine { get; private set; }

    /// <summary>How many commands it has applied.</summary>
    public int Applied { get; private set; }

    public void Apply(Command command)
    {
        var results = new Results(new System.Buffers.ArrayBufferWriter<byte>(), new int[1]);
        Machine.Apply(new CommandBatch(new[] { command }), ref results);
        Applied++;
    }

    /// <summary>Its state now, as snapshot bytes.</summary>
    public byte[] Snapshot() => Write(Machine.Capture());

    public static byte[] Write(ISnapshotView view)
    {
        using (view)
        {
            var output = new System.Buffers.ArrayBufferWriter<byte>();
            while (view.WriteNext(output))
                continue;
            return output.WrittenSpan.ToArray();
        }
    }

    /// <summary>The process ends and another begins, from a snapshot of so many commands, or from nothing.</summary>
    public void Restart(byte[]? snapshot = null, int applied = 0)
    {
        Machine = new([_job], files: Disk.Disk);
        Applied = 0;
        if (snapshot is not null)
            Restore(snapshot, applied);
    }

    /// <summary>The living process takes a snapshot of another replica's.</summary>
    public void Restore(byte[] snapshot, int applied)
    {
        Machine.Restore(new Jobs.JobHarness.SnapshotBytes(snapshot, new(new(applied), new(1))));
        Applied = applied;
    }

    public void Dispose() => Disk.Dispose();
}
