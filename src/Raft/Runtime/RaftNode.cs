using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using RaftStream.Raft.Core;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft;

/// <summary>
/// One replica of a cluster: the public face of consensus. Safe to call from any thread.
/// </summary>
/// <remarks>
/// Two threads: consensus and the state machine share one, the disk and the outbox the other. Both sleep while there is nothing to do.
/// Callers only put requests into a queue and wait for their answers.
/// </remarks>
public sealed class RaftNode : IAsyncDisposable
{
    private static readonly TimeSpan SnapshotPoll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan SnapshotPatience = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<string?> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RaftNodeOptions _options;
    private readonly ILogger _logger;
    private readonly IClock _clock;
    private readonly IDisk _disk;
    private readonly Replica _replica;
    private readonly TcpTransport _transport;
    private readonly AgentThread _consensusThread;
    private readonly AgentThread _diskThread;
    private readonly StatusBoard _board;
    private readonly RaftMeters _meters;
    private readonly DialledMembers _dialled;
    private volatile bool _isStopping;
    private int _disposed;

    private RaftNode(RaftNodeOptions options, IStateMachine machine, ILoggerFactory loggers, NodeIo io)
    {
        (_options, _logger, _clock) = (options, loggers.CreateLogger<RaftNode>(), io.Clock);
        var (consensus, disk) = (new Parker(), new Parker());
        var queues = new ReplicaQueues(consensus, disk, consensus);
        var incarnation = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var network = new LateNetwork();
        _disk = io.OpenDisk(options.DataFolder);
        try
        {
            MisplacedFolders.Refuse(options.DataFolder);
            _replica = Replica.Open(options.ToReplica(incarnation, RandomEpoch()), _disk, machine, network, _clock, queues);
            _transport = new(
                new()
                {
                    Node = options.Id,
                    ClusterId = options.ClusterId,
                    ClusterIncarnation = _replica.Incarnation,
                    ProcessIncarnation = incarnation,
                    Members = options.Members,
                    Listen = options.Listen,
                    ClientAddress = options.ClientAddress,
                    Tls = options.PeerTls,
                },
                queues.Frames,
                queues.Frames.Budget,
                loggers.CreateLogger<TcpTransport>());
            network.Transport = _transport;
        }
        catch
        {
            _replica?.Dispose();
            (_disk as IDisposable)?.Dispose();
            throw;
        }

        _dialled = new(_replica.Consensus.Core.Membership, options.Members, _transport);
        _dialled.Follow();
        NodeLog.Recovered(_logger, options.Id.Value, _replica.Facts.Entries, _replica.Consensus.Core.Snapshot.Index, _replica.Facts.TornBytes);
        _board = new(_replica, options.Id, options.ToReplica(0).Core);
        _meters = new(options.Id, _replica, () => Status);
        _consensusThread = new($"raft {options.Id}", PollConsensus, () => _board.Idle(_replica.Consensus.NextDeadline - _clock.Now), consensus, OnFailed, AnswerCallers);
        _diskThread = new($"raft {options.Id} disk", PollDisk, DiskIdle, disk, OnFailed, _replica.Outbox.Stop);
    }

    /// <summary>Where the replica stands.</summary>
    public RaftStatus Status => _board.Current;

    /// <summary>Where this node's outbox stands (<see cref="WriteConcern.Available"/>).</summary>
    public OutboxStatus Outbox
    {
        get
        {
            var (board, now) = (_replica.Outbox.Board, _clock.Now);
            var pending = board.Pending;
            return new(pending.Count, pending.Bytes, pending.Count == 0 ? null : now - Instant.Min(now, pending.Oldest), board.Drained.Value, board.Lost.Value);
        }
    }

    /// <summary>Frames that this node has sent to others since its start, heartbeats among them.</summary>
    public long FramesSent => _transport.Counts.FramesSent;

    /// <summary>Ends when the replica has stopped: with null after a clean stop, else with the sentence that says why.</summary>
    public Task<string?> Stopped => _stopped.Task;

    /// <summary>
    /// Opens the data folder, recovers, listens for peers and starts to take part.
    /// </summary>
    /// <exception cref="ReplicaException">
    /// An option is out of range, the folder belongs to another cluster or node or cannot be used, the log is damaged, or the port is
    /// taken. Nothing is left running.
    /// </exception>
    public static Task<RaftNode> StartAsync(RaftNodeOptions options, IStateMachine machine, ILoggerFactory loggers, CancellationToken cancellationToken = default) =>
        StartAsync(options, machine, loggers, NodeIo.Real, cancellationToken);

    /// <summary>The same over another clock and another disk.</summary>
    internal static async Task<RaftNode> StartAsync(RaftNodeOptions options, IStateMachine machine, ILoggerFactory loggers, NodeIo io, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(loggers);
        options.Check();
        RaftNode node;
        try
        {
            node = new(options, machine, loggers, io);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ReplicaException($"The data folder {options.DataFolder} cannot be used: {failure.Message}", failure);
        }

        try
        {
            await node._transport.StartAsync(cancellationToken);
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }

        node._diskThread.Start();
        node._consensusThread.Start();
        return node;
    }

    /// <summary>The address at which clients reach a member, as it told this node; null while unknown.</summary>
    public string? ClientAddressOf(NodeId member) => _transport.ClientAddressOf(member);

    /// <summary>
    /// Proposes a command and waits until it is committed and applied here. Only the leader can. Cancelling gives
    /// <see cref="Outcome.Unknown"/>, not an exception: the command may still be applied.
    /// </summary>
    public ValueTask<Answer> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Propose, command), cancellationToken);

    /// <summary>
    /// Writes a command and waits until what <paramref name="concern"/> names holds it. Only the leader can, except for <see cref="WriteConcern.Available"/>, which any node can for
    /// itself. A <see cref="Outcome.Provisional"/> answer, and an unknown one that tells a position, can be given to <see cref="ConfirmAsync"/>.
    /// </summary>
    public ValueTask<Answer> ProposeAsync(ReadOnlyMemory<byte> command, WriteConcern concern, CancellationToken cancellationToken = default) => AskAsync(
        new(RequestKind.Propose, command) { Concern = concern }, concern == WriteConcern.Available ? _replica.Queues.Accepts : _replica.Queues.Requests, cancellationToken);

    /// <summary>
    /// Waits until it is decided what became of a write that was given <paramref name="position"/>, on any node, behind a linearizable barrier:
    /// <see cref="Outcome.Applied"/>, for good, or <see cref="Outcome.Lost"/>. Any other answer says nothing about the write: <see cref="Outcome.Unknown"/> where the wait
    /// ended before or it is too long ago, <see cref="Outcome.Rejected"/> where no leader can have given out that position.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The index or the term is below one.</exception>
    public ValueTask<Answer> ConfirmAsync(LogPosition position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(position.Index.Value, 1, nameof(position));
        ArgumentOutOfRangeException.ThrowIfLessThan(position.Term.Value, 1, nameof(position));
        return AskAsync(new(RequestKind.Confirm, default) { Confirm = position }, cancellationToken);
    }

    /// <summary>
    /// Opens a session of the cluster: its id is the <see cref="Answer.Position"/>'s index. It ends when no entry of it comes for
    /// <paramref name="idleTimeout"/> of log time, 1 ms to 30 days. Only the leader can. After an <see cref="Outcome.Unknown"/> open
    /// another one: the first, if there is one, expires.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is out of range.</exception>
    public ValueTask<Answer> OpenSessionAsync(TimeSpan idleTimeout, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Propose, SessionEntry.Open(idleTimeout), EntryKind.Session), cancellationToken);

    /// <summary>
    /// Proposes a command of a session, which is applied at most once however often it is proposed: again, it is answered with the reply
    /// and position of the first time. Only the leader can. <see cref="RaftSession"/> does the counting and the repeating.
    /// </summary>
    public ValueTask<Answer> ProposeAsync(SessionCommand command, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Propose, SessionEntry.Command(command), EntryKind.Session), cancellationToken);

    /// <summary>Proposes a command under a key: for 24 hours of log time it is applied once and answered as the first time, and another one is refused. Only the leader can.</summary>
    /// <exception cref="ArgumentException">The key was made of no text.</exception>
    public ValueTask<Answer> ProposeAsync(IdempotencyKey key, ReadOnlyMemory<byte> command, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Propose, new KeyedEntry(key).ToBytes(command.Span), EntryKind.Session), cancellationToken);

    /// <summary>Closes a session, whose replies are forgotten. Only the leader can.</summary>
    public ValueTask<Answer> CloseSessionAsync(SessionId session, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Propose, SessionEntry.Close(session), EntryKind.Session), cancellationToken);

    /// <summary>
    /// Proposes a session entry that a <see cref="RaftSession"/>, perhaps of another process, made. Bytes that are none are answered with
    /// <see cref="Refusal.SessionMalformed"/>.
    /// </summary>
    public ValueTask<Answer> ProposeSessionEntryAsync(ReadOnlyMemory<byte> entry, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Propose, entry, EntryKind.Session), cancellationToken);

    /// <summary>Answers a query linearizably: leadership is confirmed by a round that starts after this call (dissertation 6.4). Only the leader can.</summary>
    public ValueTask<Answer> ReadAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Read, query), cancellationToken);

    /// <summary>Answers a query from this replica's state as it is: some prefix of the log, perhaps an old one.</summary>
    public ValueTask<Answer> ReadLocalAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.ReadLocal, query), cancellationToken);

    /// <summary>
    /// Answers a query at the level asked for: <see cref="ReadConsistency"/>. <see cref="Refusal"/> says why it cannot be had here.
    /// </summary>
    public ValueTask<Answer> ReadAsync(ReadOnlyMemory<byte> query, ReadConsistency consistency, CancellationToken cancellationToken = default) =>
        AskAsync(new(consistency.Kind, query) { MaxAge = consistency.MaxAge, AtLeast = consistency.AtLeast }, cancellationToken);

    /// <summary>
    /// Changes the members and waits until the new configuration is committed. Only the leader can; one change at a time. The answer's position
    /// is the index of the new configuration. <see cref="Outcome.Unknown"/>: look at <see cref="RaftStatus.Members"/>.
    /// </summary>
    public ValueTask<Answer> ChangeMembersAsync(MemberChange change, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Change, default) { Change = change }, cancellationToken);

    /// <summary>
    /// Hands leadership over to a voter, or to the best one if nobody is named, and waits until another node leads. Only the leader can. Rejected
    /// as timed out if the voter does not take over within an election timeout; this node then goes on.
    /// </summary>
    public ValueTask<Answer> TransferLeadershipAsync(NodeId to = default, CancellationToken cancellationToken = default) =>
        AskAsync(new(RequestKind.Transfer, default) { Target = to }, cancellationToken);

    /// <summary>
    /// Has every replica take a snapshot and waits until this node's own is on disk. Only the leader can. The answer's position is that of an entry
    /// behind everything acknowledged before the call; the snapshot stands there or behind. Cancelling gives <see cref="Outcome.Unknown"/>.
    /// </summary>
    public async ValueTask<Answer> TakeSnapshotAsync(CancellationToken cancellationToken = default)
    {
        Answer? first = null;
        while (true)
        {
            var before = Status.Snapshot;
            var point = await AskAsync(new(RequestKind.Propose, default, EntryKind.SnapshotPoint), cancellationToken);
            if (point.Outcome != Outcome.Applied)
                return point;
            first ??= point;

            // A replica captures nothing at a point while it still saves what it captured earlier. Once that is done (the newest snapshot is another
            // one, and not yet ours), or was given up, another point is due.
            var again = _clock.Now + SnapshotPatience;
            while (Status.Snapshot == before && _clock.Now < again)
            {
                if (cancellationToken.IsCancellationRequested || _stopped.Task.IsCompleted || _isStopping)
                    return new(Outcome.Unknown, _isStopping ? Refusal.Stopped : Refusal.TimedOut, default, default);
                if (Status.IsStorageFull)
                    return new(Outcome.Rejected, Refusal.StorageFull, default, default);
                await Task.Delay(SnapshotPoll, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (Status.Snapshot >= first.Value.Position.Index)
                return first.Value;
        }
    }

    /// <summary>
    /// Opens this node's newest snapshot for reading, as the file that it is: a backup. Null where none stands at that index or behind it.
    /// The caller disposes of the stream.
    /// </summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public Stream? OpenSnapshot(LogIndex atLeast) => BackupFile.OpenNewest(_options.DataFolder, atLeast);

    /// <summary>Stops taking part and closes everything. What was acknowledged is on disk already.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _isStopping = true;
        _meters.Dispose();
        _consensusThread.Stop();
        _diskThread.Stop();
        await _transport.DisposeAsync();
        _replica.Dispose();
        (_disk as IDisposable)?.Dispose();
        _stopped.TrySetResult(null);
    }

    private ValueTask<Answer> AskAsync(AsyncRequest request, CancellationToken cancellationToken) => AskAsync(request, _replica.Queues.Requests, cancellationToken);

    private async ValueTask<Answer> AskAsync(AsyncRequest request, BoundedQueue<ClientRequest> queue, CancellationToken cancellationToken)
    {
        var refusal = _isStopping || _stopped.Task.IsCompleted ? Refusal.Stopped : Refusal.None;
        if (refusal == Refusal.None && !queue.TryEnqueue(request))
            refusal = Refusal.Overloaded;
        if (refusal != Refusal.None)
            return request.Refused(refusal);

        // Whoever enqueued just as the agents stopped: nobody polls the queue any more.
        if (_isStopping || _stopped.Task.IsCompleted)
            return new(Outcome.Unknown, Refusal.Stopped, default, default);
        return await request.WaitAsync(cancellationToken);
    }

    private int PollDisk() => _replica.Disk.Poll(_clock) + _replica.Outbox.Poll(_clock);

    private TimeSpan DiskIdle()
    {
        var (disk, outbox) = (_replica.Disk.Idle(_clock.Now), _replica.Outbox.NextDeadline - _clock.Now);
        return disk < outbox ? disk : outbox;
    }

    private int PollConsensus()
    {
        var done = _replica.Consensus.Poll(_clock) + _replica.Apply.Poll(_clock);
        _dialled.Follow();
        _board.Publish(_clock.Now, done > 0);
        if (_replica.Fault is { } fault)
            throw new ReplicaException(fault);
        return done;
    }

    /// <summary>An agent failed: the replica falls silent, callers get their answers, and whoever hosts the node is told why.</summary>
    private void OnFailed(Exception failure)
    {
        _isStopping = true;
        var sentence = failure is ReplicaException ? failure.Message : $"The replica stopped because of a fault of its own or of its state machine: {failure.Message}";
        NodeLog.Stopped(_logger, _options.Id.Value, sentence, failure);
        _board.Fail(sentence);
        _consensusThread.Signal();
        _diskThread.Signal();
        _stopped.TrySetResult(sentence);
    }

    private void AnswerCallers()
    {
        _isStopping = true;
        _replica.Consensus.Stop();
        _replica.Apply.Stop();
    }

    private static UInt128 RandomEpoch() => System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(RandomNumberGenerator.GetBytes(16));

    /// <summary>The network from before the transport is made, which must know what the replica finds on its disk.</summary>
    private sealed class LateNetwork : INetwork
    {
        public TcpTransport? Transport { get; set; }

        public bool TrySend(NodeId peer, Lane lane, ReadOnlySpan<byte> frame) => Transport!.TrySend(peer, lane, frame);
    }
}
