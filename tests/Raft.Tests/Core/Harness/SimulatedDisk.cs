using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>A disk that completes writes in order, when it is told to, and loses the rest in a crash.</summary>
internal sealed class SimulatedDisk(ulong number)
{
    private readonly Queue<DiskWrite> _underWay = new();

    /// <summary>The random number that the folder was made with; a wiped one is made anew.</summary>
    public ulong Number { get; private set; } = number;

    /// <summary>What a crash leaves.</summary>
    public DiskImage Durable { get; private set; } = new();

    public int WritesUnderWay => _underWay.Count;

    public long OldestSequence => _underWay.TryPeek(out var write) ? write.Sequence : 0;

    public long NewestSequence { get; private set; }

    public void Start(DiskImage image)
    {
        _underWay.Clear();
        Durable = image;
    }

    /// <summary>What the disk held when it was lost; null while it was not.</summary>
    public DiskImage? Lost { get; private set; }

    /// <summary>All is gone, and a new folder is made in its place.</summary>
    public void Wipe()
    {
        Lost = Durable;
        Start(new());
        Number += 1_000;
    }

    public void Write(DiskWrite write)
    {
        _underWay.Enqueue(write);
        NewestSequence = write.Sequence;
    }

    public void Complete(long upTo)
    {
        while (_underWay.TryPeek(out var write) && write.Sequence <= upTo)
            Durable.Apply(_underWay.Dequeue());
    }

    public void LoseWritesUnderWay()
    {
        _underWay.Clear();
        NewestSequence = 0;
    }
}

/// <summary>The snapshots that were taken in a cluster, and what each says of the members: a replica that fetches one gets exactly that.</summary>
internal sealed class SnapshotCatalog
{
    private readonly Dictionary<LogPosition, PlacedConfiguration> _taken = [];

    /// <summary>A snapshot was taken: replicas that take it at the same place must say the same.</summary>
    public void Add(LogPosition position, PlacedConfiguration members)
    {
        if (_taken.TryGetValue(position, out var known) && known.Index != LogIndex.Zero && members.Index != LogIndex.Zero && known != members)
            throw new AssertionException($"The snapshots at {position} differ: the members of one are those of {known.Index}, of another those of {members.Index}.");
        if (known.Index == LogIndex.Zero)
            _taken[position] = members;
    }

    public PlacedConfiguration MembersAt(LogPosition position) => _taken[position];
}
