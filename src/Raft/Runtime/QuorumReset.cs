using RaftStream.Raft.Core;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Makes the data folder of a survivor the whole of a cluster whose majority is lost for good: it then leads alone. Holds the folder's lock
/// from the first look to the end. Owned by whoever opened it.
/// </summary>
/// <remarks>
/// This gives up the promise that nothing acknowledged is lost: the lost majority may have acknowledged entries that this log does not hold,
/// and this log may end with entries that nobody ever acknowledged.
/// </remarks>
internal sealed class QuorumReset : IDisposable
{
    private readonly FileDisk _disk;
    private readonly Storage _storage;

    private QuorumReset(FileDisk disk, Storage storage, LogIdentity identity)
    {
        (_disk, _storage, Identity, Before) = (disk, storage, identity, storage.Log.Last);
        var placed = RecoveredMembers.At(storage.Snapshots.Newest, Configuration.Empty);
        var behind = RecoveredMembers.Behind(LogIndex.Max(placed.Index, storage.Snapshots.Newest?.Position.Index ?? LogIndex.Zero), storage.Log);
        Members = behind.Count > 0 ? behind[^1].Configuration : placed.Configuration;
    }

    /// <summary>Whose folder it is.</summary>
    public LogIdentity Identity { get; }

    /// <summary>The newest members that it knows; nobody, where it never heard who they are.</summary>
    public Configuration Members { get; }

    /// <summary>The last entry held before anything was changed.</summary>
    public LogPosition Before { get; }

    /// <summary>The cluster's incarnation by this folder.</summary>
    public uint Incarnation => _storage.Log.Birth.Incarnation;

    /// <summary>Opens a survivor's folder, and recovers it as a start would.</summary>
    /// <exception cref="ReplicaException">It is no data folder, belongs to another cluster, or is damaged.</exception>
    /// <exception cref="IOException">A node runs over it, or it cannot be read.</exception>
    public static QuorumReset Open(string folder, Guid cluster, ulong seed)
    {
        if (!Directory.Exists(folder))
            throw new ReplicaException($"There is no folder '{folder}': give the data folder of a survivor.");
        var disk = FileDisk.OpenFolder(folder);
        Storage? storage = null;
        QuorumReset? opened = null;
        try
        {
            MisplacedFolders.Refuse(folder);
            var identity = IdentityOf(disk) ?? throw new ReplicaException($"'{folder}' holds no log: give the data folder of a survivor.");
            if (identity.ClusterId != cluster)
                throw new ReplicaException($"The name is not that of the cluster in '{folder}': type the --cluster-id of its nodes or, where they have none, the very --cluster that they were first started with. Nothing was changed.");
            var opening = Storage.Open(disk, identity, new(), seed);
            storage = opening.Storage ?? throw new ReplicaException(opening.Problem!.Sentence);
            return opened = new(disk, storage, identity);
        }
        finally
        {
            if (opened is null)
            {
                storage?.Dispose();
                disk.Dispose();
            }
        }
    }

    /// <summary>Whether these nodes and this one are a majority of every set of voters that counts.</summary>
    public bool IsQuorum(IEnumerable<NodeId> answering)
    {
        var slots = 0u;
        foreach (var node in answering.Append(Identity.Node))
        {
            if (Members.SlotOf(node) is >= 0 and var slot)
                slots |= 1u << slot;
        }

        return Members.Count > 0 && Quorum.IsReached(Members, slots);
    }

    /// <summary>Makes this node the only member, in a later incarnation of the cluster.</summary>
    /// <exception cref="IOException">The disk refused: run the same again once it is mended.</exception>
    public void Run()
    {
        var log = _storage.Log;

        // 1. The incarnation, durable before anything else. [safety] In the other order a crash in between would leave a node that leads alone among
        // peers that still take it for one of theirs: should the others come back after all, two leaders would count. A crash behind this
        // step leaves a node that its old peers refuse and that can win no vote: the same command, run again, finishes.
        if (!log.BeginIncarnation(Incarnation + 1))
            throw NoRoom();

        // 2. The members, with the term that this node would have won, in one batch. The folder is named, so the cluster has formed, and ids once used
        // stay used.
        var term = log.HardState.Term.Next;
        var own = Members.Find(Identity.Node) ?? new Member { Id = Identity.Node };
        var alone = new Configuration([own with { IsVoter = true, WasVoter = false, Disk = log.Birth.Disk }], Members.Highest);
        var payload = ConfigurationFormat.ToBytes(alone);
        var record = new LogRecord(new(log.Last.Index.Next, term), log.LastTime, EntryKind.Configuration, payload.Length);
        var bytes = new byte[record.Size];
        record.Write(bytes, payload);
        log.Stage(new HardState(term, Identity.Node));
        log.Stage(bytes, record.Position.Index, 1);
        if (!log.Commit())
            throw NoRoom();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _storage.Dispose();
        _disk.Dispose();
    }

    private static DiskFullException NoRoom() => new("There is no room in the data folder: make some and run the same again.");

    private static LogIdentity? IdentityOf(FileDisk disk)
    {
        var sector = new byte[SegmentHeader.Size];
        foreach (var name in disk.List().Reverse().Where(static name => Segment.TryParse(name, out _)))
        {
            using var file = disk.Open(name);
            if (SegmentHeader.Read(sector.AsSpan(0, file.Read(0, sector)), out var header) == HeaderState.Valid)
                return header.Identity;
        }

        return null;
    }
}
