namespace RaftStream.Raft.Runtime;

/// <summary>The queues between a replica's agents. Each has one consumer, which sleeps on its own parker.</summary>
internal sealed class ReplicaQueues
{
    private const int SpareRunCount = 8;

    private readonly Parker _disk;

    /// <summary>Queues for agents that sleep on <paramref name="consensus"/>, <paramref name="disk"/> and <paramref name="apply"/>; the first and the last may be one.</summary>
    public ReplicaQueues(Parker consensus, Parker disk, Parker apply)
    {
        _disk = disk;
        Frames = new(consensus);
        Requests = new(16_384, consensus);
        DiskDone = new(1024, consensus);
        ApplyDone = new(1024, consensus);
        SpareRuns = new(SpareRunCount, consensus);
        Disk = new(1024, disk);
        Apply = new(1024, apply);
        Accepts = new(4096, disk);
        for (var i = 0; i < SpareRunCount; i++)
            SpareRuns.TryEnqueue(new());
    }

    /// <summary>Frames from peers, to the consensus agent.</summary>
    public FrameQueue Frames { get; }

    /// <summary>Requests of callers in this process, to the consensus agent.</summary>
    public BoundedQueue<ClientRequest> Requests { get; }

    /// <summary>To the disk agent.</summary>
    public BoundedQueue<DiskWork> Disk { get; }

    /// <summary>From the disk agent.</summary>
    public BoundedQueue<DiskDone> DiskDone { get; }

    /// <summary>To the apply agent.</summary>
    public BoundedQueue<ApplyWork> Apply { get; }

    /// <summary>Commands of callers in this process for the outbox, whose agent shares the disk's thread.</summary>
    public BoundedQueue<ClientRequest> Accepts { get; }

    /// <summary>From the apply agent.</summary>
    public BoundedQueue<ApplyDone> ApplyDone { get; }

    /// <summary>Empty runs, from the apply agent back to the consensus agent.</summary>
    public BoundedQueue<EntryRun> SpareRuns { get; }

    /// <summary>A board between the applying thread and the outbox, which sleeps on the disk's parker.</summary>
    public OutboxBoard BoardOf(NodeId node) => new(node, _disk);

    /// <summary>How full the queues are, for a reader.</summary>
    public string Describe() =>
        $"frames {Frames.Count}, requests {Requests.Count}, disk {Disk.Count}, disk answers {DiskDone.Count}, apply {Apply.Count}, apply answers {ApplyDone.Count}, for the outbox {Accepts.Count}";
}
