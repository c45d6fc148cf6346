using System.Runtime.InteropServices;
using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Feeds the core with all that happens, one input at a time, and carries out what it asks for. Owns the core and everything that
/// belongs to consensus alone; one thread polls it.
/// </summary>
/// <remarks>
/// [safety] The clock is read anew for each input, after it was taken from its queue: between two inputs the thread may have slept for
/// seconds, and an older instant would keep a leader in office that its peers have given up.
/// Kept true: an input is taken only where the disk queue has room for what it may cause.
/// </remarks>
internal sealed class ConsensusAgent
{
    /// <summary>Inputs of a kind taken in one turn, so that none starves the others.</summary>
    private const int MaxPerTurn = 256;

    /// <summary>Payload bytes proposed in one go at the most.</summary>
    private const int MaxProposalBytes = 1024 * 1024;

    /// <summary>Places in the disk queue that one input may need; the rest it takes only where there is room.</summary>
    private const int DiskPlacesPerInput = 8;

    private readonly ReplicaQueues _queues;
    private readonly uint _incarnation;
    private readonly EntryCache _cache;
    private readonly Outbox _outbox;
    private readonly ApplyFeed _feed;
    private readonly SnapshotFetch _fetch;
    private readonly SnapshotServe _serve;
    private readonly ClientRequests _requests;
    private readonly ProvisionalWrites _provisional = new();
    private readonly Queue<ClientRequest> _forwarded = new();
    private readonly LogClock _logClock = new();
    private readonly EntryShape[] _shapes;
    private readonly Proposal[] _proposals = new Proposal[MaxPerTurn];
    private readonly List<Configuration> _configurations = [];
    private readonly LogWriter _writer;
    private readonly MemberRequests _admin;
    private ReadOnlyMemory<byte> _records;
    private readonly SnapshotPolicy _policy;

    public ConsensusAgent(RaftCore core, CoreOptions options, ReplicaQueues queues, INetwork network, SnapshotPolicy policy, long cacheBytes, long snapshotBytesPerSecond, long lastTime, uint incarnation)
    {
        (Core, _queues, _policy, _incarnation) = (core, queues, policy, incarnation);
        _cache = new(cacheBytes);
        _cache.Reset(core.Log.Last.Index.Next);
        _outbox = new(network, _cache, queues.Disk);
        _feed = new(_cache, queues.Disk, queues.Apply, queues.SpareRuns, policy, core.Applied);
        _fetch = new(_outbox, queues.Disk, core.Membership, options.ElectionTimeout, snapshotBytesPerSecond);
        _serve = new(_outbox, queues.Disk);
        _requests = new(core, _feed, _provisional, options.MaxPendingReads);
        _writer = new(core, _cache, _feed, _logClock, queues.Disk);
        _admin = new(core);
        _shapes = new EntryShape[options.MaxAppendEntries];
        _logClock.Saw(lastTime);
        NextDeadline = core.Output.NextDeadline;
    }

    public RaftCore Core { get; }

    /// <summary>The last entry applied, and the state's hash there.</summary>
    public (LogPosition Position, ulong StateHash) Applied { get; private set; }

    /// <summary>Whether this node leads and has applied the entry that opened its term.</summary>
    public bool IsReady => Core.Role == Role.Leader && Applied.Position.Index >= _writer.Opening;

    /// <summary>What the disk said when it failed.</summary>
    public string? DiskProblem { get; private set; }

    /// <summary>Whether the disk has no room for the log's next segment, so that writing will soon come to a halt.</summary>
    public bool IsStorageFull { get; private set; }

    /// <summary>When the agent wants to be polled though nothing came in.</summary>
    public Instant NextDeadline { get; private set; }

    /// <summary>Takes in what has come and carries out what follows; returns how much was done.</summary>
    public int Poll(IClock clock)
    {
        var done = TakeDiskAnswers(clock) + TakeApplyAnswers(clock) + TakeFrames(clock) + TakeRequests(clock);
        var now = clock.Now;
        if (now >= Core.Output.NextDeadline && HasTickRoom)
        {
            Core.Tick(now);
            Drain(now);
            done++;
        }

        _fetch.Tick(now);
        _admin.Poll();
        done += _feed.Poll(Core.Output.ApplyTo);
        _cache.Trim(Core.Durable);
        NextDeadline = Instant.Min(HasTickRoom ? Core.Output.NextDeadline : Instant.Never, _fetch.AskAgainAt);
        return done;
    }

    /// <summary>The replica was recovered up to its snapshot.</summary>
    public void Recovered(LogPosition applied, ulong stateHash) => Applied = (applied, stateHash);

    /// <summary>The replica stops: every caller who waits gets an answer.</summary>
    public void Stop()
    {
        _requests.Stop();
        _provisional.Lose(Refusal.Stopped);
        _admin.Stop();
        _feed.Stop();
        while (_queues.Requests.TryDequeue(out var request))
            request.Refuse(Refusal.Stopped);
    }

    /// <summary>
    /// Answers not yet taken count, too: else the disk, with no room for more answers, and this agent, with no room for more work, could
    /// wait for each other.
    /// </summary>
    private bool HasDiskRoom => _queues.Disk.Count + _queues.DiskDone.Count <= _queues.Disk.Capacity - DiskPlacesPerInput;

    /// <summary>
    /// Ticks and the disk's answers go on longer than inputs. While even they have no room, the disk hangs: the agent sleeps until it answers,
    /// and a leader falls silent, so that another one takes its place.
    /// </summary>
    private bool HasTickRoom => _queues.Disk.Count <= _queues.Disk.Capacity - (DiskPlacesPerInput / 2);

    private int TakeDiskAnswers(IClock clock)
    {
        var done = 0;
        for (; done < MaxPerTurn && HasTickRoom && _queues.DiskDone.TryDequeue(out var answer); done++)
        {
            var now = clock.Now;
            switch (answer.Kind)
            {
                case DiskDoneKind.Durable:
                    OnDurable(answer.Sequence, now);
                    break;
                case DiskDoneKind.Installed:
                    _logClock.Saw(answer.Snapshot!.Manifest.Description.Time);
                    _feed.Restore(answer.Snapshot);
                    OnDurable(answer.Sequence, now);
                    break;
                case DiskDoneKind.Failed:
                    DiskProblem = answer.Problem;
                    Core.LogFailed(now);
                    Drain(now);
                    break;
                case DiskDoneKind.ReadForPeer:
                    SendRead(answer);
                    break;
                case DiskDoneKind.ReadToApply:
                    _feed.OnRead(answer.First, answer.Count, answer.Bytes);
                    break;
                case DiskDoneKind.SnapshotSaved:
                    OnSaved(answer.Chunk.Snapshot, answer.First);
                    break;
                case DiskDoneKind.StorageFull or DiskDoneKind.StorageFreed:
                    IsStorageFull = answer.Kind == DiskDoneKind.StorageFull;
                    Core.StorageFull(now, IsStorageFull);
                    Drain(now);
                    break;
                case DiskDoneKind.FetchAbandoned:
                    _fetch.OnAbandoned(answer.Chunk.Snapshot);
                    break;
                case DiskDoneKind.ChunkRead:
                    _serve.OnRead(answer);
                    break;
                default:
                    if (_fetch.OnWritten(answer, now) is { } received)
                    {
                        OnReceived(received, answer.Members, now);
                    }

                    break;
            }
        }

        return done;
    }

    private int TakeApplyAnswers(IClock clock)
    {
        var done = 0;
        for (; done < MaxPerTurn && _queues.ApplyDone.TryDequeue(out var answer); done++)
        {
            Applied = (answer.Applied, answer.StateHash);
            var wasReady = Core.Applied >= _writer.Opening;
            if (answer.Applied.Index > Core.Applied)
                Core.AppliedTo(answer.Applied.Index);
            if (!wasReady && IsReady)
                _logClock.Run(clock.Now);
            if (answer.Captured is { } captured && (captured.Position.Index <= Core.Snapshot.Index || !_queues.Disk.TryEnqueue(new() { Kind = DiskWorkKind.SaveSnapshot, Captured = captured, Members = SnapshotMembers.ToBytes(Core.Membership, captured.Position.Index, _incarnation) })))
                captured.View.Dispose(); // A peer's newer one was installed meanwhile, or the next point comes in time.
        }

        return done;
    }

    private int TakeFrames(IClock clock)
    {
        var done = 0;
        for (; done < MaxPerTurn && HasDiskRoom && _queues.Frames.TryDequeue(out var input); done++)
        {
            var now = clock.Now;
            if (input.Frame.Length == 0)
                continue;
            if (input.Frame[0] != (byte)PeerFrameType.Message)
            {
                OnPiece(input, now);
            }
            else if (PeerFrame.TryReadMessage(input.Frame, input.From, Core.Self, _shapes, out var message, _configurations))
            {
                _records = input.Frame.AsMemory(PeerFrame.MessageSize);
                Core.Receive(now, message, _shapes.AsSpan(0, message.Count), CollectionsMarshal.AsSpan(_configurations));
                Drain(now, message.Position.Index.Next);
            }
        }

        return done;
    }

    /// <summary>A peer asks for a piece of a snapshot, or answers, or brings what its outbox has for the log; where too much of that waits it is dropped, and comes again.</summary>
    private void OnPiece(in PeerInput input, Instant now)
    {
        if (_forwarded.Count < MaxPerTurn && Core.Role == Role.Leader && ForwardRequest.TryRead(input) is { } forwarded)
            _forwarded.Enqueue(forwarded);
        if (!PeerFrame.TryReadChunk(input.Frame, out var id))
            return;
        if (input.Frame[0] == (byte)PeerFrameType.ChunkRequest)
            _serve.OnAsked(input.From, id);
        else if (input.Frame[0] == (byte)PeerFrameType.Chunk)
            _fetch.OnPiece(id, input.Frame.AsMemory(PeerFrame.ChunkHeaderSize), now);
        else if (input.Frame[0] == (byte)PeerFrameType.ChunkGone)
            _fetch.OnGone(id, input.From, now);
    }

    private int TakeRequests(IClock clock)
    {
        if (!HasDiskRoom)
            return 0;
        var count = 0;
        var bytes = 0;
        var reads = 0;
        if (IsReady && _policy.TryPropose(out var point) && _requests.Admit(point))
            (_proposals[count++], bytes) = (new(point.EntryKind, 0), LogRecord.SizeOf(0));
        while (count < MaxPerTurn && reads < MaxPerTurn && bytes < MaxProposalBytes && (_forwarded.TryDequeue(out var request) || _queues.Requests.TryDequeue(out request)))
        {
            if (request.Kind == RequestKind.Forward && Core.Role != Role.Leader)
            {
                _outbox.Forward(Core.Leader, request.Payload.Span);
                reads++;
            }
            else if (request.Kind is RequestKind.Propose or RequestKind.Forward && _requests.Admit(request))
            {
                _proposals[count++] = new(request.EntryKind, request.Payload.Length);
                bytes += LogRecord.SizeOf(request.Payload.Length);
            }
            else if (request.Kind is not (RequestKind.Propose or RequestKind.Forward))
            {
                reads++;
                var now = clock.Now;
                if (request.Kind is RequestKind.Change or RequestKind.Transfer ? _admin.Take(request, now) : _requests.Read(request, now, Applied.Position.Index))
                    Drain(now);
            }
        }

        if (count > 0)
            Propose(clock.Now, count, bytes);
        return count + reads;
    }

    private void Propose(Instant now, int count, int bytes)
    {
        var proposed = Core.Propose(now, _proposals.AsSpan(0, count));
        if (proposed.Refusal != Refusal.None)
        {
            _requests.RefuseBatch(proposed.Refusal);
            Drain(now);
            return;
        }

        var records = new byte[bytes];
        _requests.AcceptBatch(proposed, _logClock.Stamp(now), records);
        _records = records;
        Drain(now, proposed.First);
    }

    private void OnDurable(long sequence, Instant now)
    {
        Core.LogDurable(now, sequence);
        Drain(now);
        if (Core.Role == Role.Leader)
            _provisional.Durable(Core.Durable);
        _outbox.Release(sequence, Core.Term);
    }

    /// <summary>A peer's snapshot is whole; one that does not tell its members was made by no replica of ours.</summary>
    private void OnReceived(LogPosition received, ReadOnlyMemory<byte> members, Instant now)
    {
        if (SnapshotMembers.TryRead(members.Span) is not { } placed)
            return;
        Core.SnapshotReceived(now, received, placed);
        Drain(now);
    }

    /// <summary>Its entries may have been replaced while they were read, unless we still lead the term we read them for.</summary>
    private void SendRead(in DiskDone answer)
    {
        if (answer.Count == answer.Message.Count && Core.Role == Role.Leader && Core.Term == answer.Message.Term)
            _outbox.SendRead(answer.Message, answer.Bytes.Span);
    }

    /// <summary>
    /// The core forgets exactly what the log on disk forgot. It keeps one snapshot's worth behind the newest, for peers that are a
    /// little behind and for the case that the newest is damaged.
    /// </summary>
    private void OnSaved(LogPosition saved, LogIndex logBase)
    {
        _policy.Saved.Add(1);
        Core.SnapshotTaken(saved, logBase);
    }

    /// <summary>Carries out what the last input asked for; <paramref name="recordsFrom"/> is the first entry in <see cref="_records"/>.</summary>
    private void Drain(Instant now, LogIndex recordsFrom = default)
    {
        var output = Core.Output;
        if (Core.Role != Role.Leader && _writer.Opening != LogIndex.Zero)
        {
            _writer.LoseTerm();
            _feed.LoseProposals();
            _provisional.Lose(Refusal.LostLeadership);
        }

        if (output.WriteSequence != 0)
            _writer.Write(output, recordsFrom, _records);
        foreach (ref readonly var outgoing in output.Messages)
            _outbox.Post(outgoing);
        _requests.Finish(output);
        if (output.Fetch != LogPosition.Zero)
            _fetch.Begin(output.Fetch, output.FetchFrom, now);
        _records = default;
    }
}
