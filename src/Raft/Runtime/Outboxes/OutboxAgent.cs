using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// The outbox of a node: takes commands that commute, puts them on this node's disk, answers, and sees to it that they come into the log. Polled by the disk's thread, whose disk it uses; the
/// simulator polls it itself.
/// </summary>
/// <remarks>
/// [safety] Accepted is answered only after the sync. What was read back from an earlier life of the process is forwarded, and never added to: each life begins an epoch of its own with
/// its first command, so a number of a command is never given twice, whatever a crash took of what was not durable yet.
/// A sync that fails is the end, as for the log: what reached the disk is unknown from then on.
/// </remarks>
internal sealed class OutboxAgent : IDisposable
{
    private const int MaxBatch = 256;
    private const int MaxBatchBytes = 256 * 1024;

    private readonly IDisk _disk;
    private readonly LogIdentity _identity;
    private readonly OutboxOptions _options;
    private readonly ICommutingMachine? _machine;
    private readonly ReplicaQueues _queues;
    private readonly PendingCommands _pending = new();
    private readonly OutboxDrain _drain;
    private readonly Queue<ClientRequest> _batch = new();
    private OutboxFile? _current;
    private string? _problem;
    private bool _isReported;

    /// <summary>Reads what earlier lives of the process left.</summary>
    /// <exception cref="ReplicaException">A file is damaged, or another node's.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public OutboxAgent(IDisk disk, LogIdentity identity, OutboxOptions options, IStateMachine machine, ReplicaQueues queues, OutboxBoard board, ulong seed, Instant now)
    {
        (_disk, _identity, _options, _machine, _queues, Board) = (disk, identity, options, machine as ICommutingMachine, queues, board);
        _drain = new(disk, _pending, board, queues.Requests, seed);
        foreach (var name in disk.List())
        {
            if (name.EndsWith(OutboxFile.Suffix, StringComparison.Ordinal))
                _drain.Add(OutboxFile.Read(disk, name, identity, (place, command) => _pending.Add(place, command, now)));
        }

        // What an earlier life deleted may be gone in the system's cache alone: it must not come back once a later epoch is in the log.
        if (_drain.Newest > 0)
            disk.SyncFolder();
        board.Pending = _pending.View();
    }

    /// <summary>What it tells the other threads.</summary>
    public OutboxBoard Board { get; }

    /// <summary>Whether there is something to do at once.</summary>
    public bool HasWork => _queues.Accepts.Count > 0 || (_problem is null ? _drain.HasNews : !_isReported);

    /// <summary>When the agent wants to be polled though nothing came in.</summary>
    public Instant NextDeadline => _problem is null ? _drain.NextDeadline : Instant.Never;

    /// <summary>Takes what has come, and goes on with what waits; returns how much was done.</summary>
    public int Poll(IClock clock)
    {
        if (_problem is not null)
            return Report();
        try
        {
            return Accept(clock.Now) + _drain.Poll(clock.Now);
        }
        catch (IOException failure)
        {
            _problem = failure.Message;
            Answer(Outcome.Unknown, Refusal.Stopped);
            return 1 + Report();
        }
    }

    /// <summary>The replica stops: every caller who waits gets an answer.</summary>
    public void Stop()
    {
        Answer(Outcome.Unknown, Refusal.Stopped);
        while (_queues.Accepts.TryDequeue(out var request))
            request.Refuse(Refusal.Stopped);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _current?.Dispose();
    }

    private int Accept(Instant now)
    {
        var (taken, bytes) = (0, 0L);
        for (; _batch.Count < MaxBatch && bytes < MaxBatchBytes && _queues.Accepts.TryDequeue(out var request); taken++)
        {
            var refusal = Judge(request.Payload, bytes);
            if (refusal != Refusal.None)
            {
                request.Refuse(refusal);
                continue;
            }

            _batch.Enqueue(request);
            bytes += request.Payload.Length;
        }

        if (_batch.Count > 0 && TryBegin())
            Write(now);
        return taken;
    }

    private Refusal Judge(ReadOnlyMemory<byte> command, long staged)
    {
        if (command.Length > OutboxEntry.MaxCommandBytes)
            return Refusal.TooLarge;
        if (_machine?.Commutes(command.Span) != true)
            return Refusal.NotCommutative;
        return _pending.Count + _batch.Count >= _options.MaxCommands || _pending.Bytes + staged + command.Length > _options.MaxBytes ? Refusal.OutboxFull : Refusal.None;
    }

    /// <summary>Sees to it that there is an epoch to write to. False: the disk has no room for one, and nothing was written.</summary>
    private bool TryBegin()
    {
        if (_current is { IsSealed: false } current && current.Size < _options.EpochBytes)
            return true;
        try
        {
            // Above what the log knows, too: the files may be gone, or be those of an older copy of the disk.
            var next = OutboxFile.Create(_disk, _identity, Math.Max(_drain.Newest, Board.Applied.Start) + 1, _options.Epoch);
            _current?.Seal();
            _current = next;
            _drain.Add(next);
            return true;
        }
        catch (DiskFullException)
        {
            Answer(Outcome.Rejected, Refusal.StorageFull);
            return false;
        }
    }

    private void Write(Instant now)
    {
        var (epoch, count) = (_current!, 0);
        foreach (var request in _batch)
            epoch.Stage(request.Payload.Span, ++count);
        try
        {
            epoch.Commit(count);
        }
        catch (DiskFullException)
        {
            // A part may be there, whole commands among it, and the next life of the process may find them.
            epoch.Seal();
            Answer(Outcome.Unknown, Refusal.StorageFull);
            return;
        }

        var before = epoch.Last - count;
        var sequence = before;
        foreach (var request in _batch)
            _pending.Add(new(epoch.Start, epoch.Epoch, ++sequence), request.Payload, now);
        Board.Pending = _pending.View();
        for (sequence = before; _batch.TryDequeue(out var request);)
            request.Complete(new(Outcome.Accepted, Refusal.None, LogPosition.Zero, default) { Accepted = new(epoch.Start, epoch.Epoch, ++sequence) });
    }

    private void Answer(Outcome outcome, Refusal refusal)
    {
        while (_batch.TryDequeue(out var request))
            request.Complete(new(outcome, refusal, LogPosition.Zero, default));
    }

    /// <summary>The replica falls silent over it, as over a log that cannot be written.</summary>
    private int Report()
    {
        var done = 0;
        for (; _queues.Accepts.TryDequeue(out var request); done++)
            request.Refuse(Refusal.Stopped);
        if (_isReported || !_queues.DiskDone.TryEnqueue(new() { Kind = DiskDoneKind.Failed, Problem = $"the outbox: {_problem}" }))
            return done;
        _isReported = true;
        return done + 1;
    }
}
