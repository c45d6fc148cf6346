using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.Resp;

/// <summary>
/// Gets what a connection asks to whoever can answer it: a batch of writes to the leader, wherever it came in, and reads to this node's replica, which asks the leader itself where they are to
/// be in real-time order. Waits for an election within <see cref="RequestTimeout.Usual"/>; a write in doubt is never sent again. One a node; any thread.
/// </summary>
/// <remarks>A lease read at a follower is served with a round to the leader: what it promises is the same, and holds whatever the clocks do.</remarks>
internal sealed class RespStore(NodeHandle handle, LeaderConnection leaders, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>The replica, or null while it starts.</summary>
    public RunningNode? Running => handle.Running;

    /// <summary>Carries a batch out; an error is what to answer for each of its commands.</summary>
    public async ValueTask<(BatchAnswer? Answer, string? Error)> WriteAsync(RespSession session, ReadOnlyMemory<byte> batch, int slot)
    {
        if (Running is not { } running)
            return (null, RespErrors.Starting);
        using var limit = Limit();
        var start = time.GetTimestamp();
        while (true)
        {
            var status = running.Node.Status;
            if (status.Role == Role.Leader)
            {
                var answer = await running.Counters.WithConcern(session.Concern).WriteAsync(batch, limit.Token);
                if (IsFinal(answer.Outcome, answer.Refusal))
                    return Judged(session, status, answer);
            }
            else if (!IsMember(status))
            {
                return (null, RespErrors.NotMember);
            }
            else if (session.IsRedirected && running.RespPortOf(status.Leader) is { } address)
            {
                return (null, $"MOVED {slot} {address}");
            }
            else if (running.ClientAddressOf(status.Leader) is { } leader)
            {
                var (end, passed) = await BatchEndpoint.PassOnAsync(leaders, leader, new(batch, session.Concern, session.Caller.Principal!, session.Caller.Token), RequestTimeout.Usual - time.GetElapsedTime(start), limit.Token);
                if (end == Forwarded.Lost)
                    return (null, RespErrors.Of(Outcome.Unknown, Refusal.LostLeadership, isWrite: true));
                if (passed is { } answer && IsFinal(answer.Outcome, answer.Refusal))
                    return Judged(session, status, answer);
            }

            if (!await PauseAsync(limit.Token))
                return (null, RespErrors.Of(Outcome.Rejected, handle.Ending.IsCancellationRequested ? Refusal.Stopped : Refusal.NoLeader, isWrite: true));
        }
    }

    /// <summary>Reads at the connection's level; an error is what to answer instead.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="ask">Asks this node's replica.</param>
    /// <param name="endOf">How an answer ended, and what of the log is in it.</param>
    public async ValueTask<(T? Answer, string? Error)> ReadAsync<T>(
        RespSession session, Func<CountingService, ReadConsistency, CancellationToken, ValueTask<T>> ask, Func<T, (Outcome Outcome, Refusal Refusal, LogPosition Position)> endOf)
    {
        if (Running is not { } running)
            return (default, RespErrors.Starting);
        using var limit = Limit();
        while (true)
        {
            var status = running.Node.Status;
            if (!IsMember(status))
                return (default, RespErrors.NotMember);
            var token = TokenOf(session);
            if (token.Incarnation != status.Incarnation && token != default)
                return (default, "ERR " + Problems.TokenExpired(token, status.Incarnation).Value!.Detail);
            var answer = await ask(running.Counters, ConsistencyOf(session.Level, token, status), limit.Token);
            var (outcome, refusal, position) = endOf(answer);
            if (outcome == Outcome.Applied)
            {
                session.See(status.Incarnation, position.Index);
                return (answer, null);
            }

            if (session.Level.Kind == RespLevelKind.Session && refusal == Refusal.TimedOut)
                return (default, RespErrors.Behind(token, running.Node.Status.Applied));
            var isPassing = IsPassing(refusal) || (outcome == Outcome.Unknown && refusal != Refusal.TimedOut);
            if (!isPassing || !await PauseAsync(limit.Token))
                return (default, RespErrors.Of(outcome, handle.Ending.IsCancellationRequested ? Refusal.Stopped : refusal, isWrite: false));
        }
    }

    /// <summary>What becomes of a provisional write; null: nobody knows yet.</summary>
    public async ValueTask<(Outcome? End, string? Error)> ConfirmAsync(RespSession session, WritePosition write)
    {
        if (Running is not { } running)
            return (null, RespErrors.Starting);
        if (write.Incarnation != running.Node.Status.Incarnation)
            return (null, "ERR " + Problems.PositionExpired(write, running.Node.Status.Incarnation).Value!.Detail);
        using var limit = Limit();
        while (true)
        {
            var answer = await running.Counters.ConfirmAsync(write.Position, limit.Token);
            if (answer.Outcome is Outcome.Applied or Outcome.Lost)
            {
                session.See(write.Incarnation, answer.Position.Index);
                return (answer.Outcome, null);
            }

            if (answer.Refusal is Refusal.TooOld or Refusal.NoSuchEntry)
                return (null, RespErrors.Of(Outcome.Rejected, answer.Refusal, isWrite: false));
            if (answer.Refusal == Refusal.TimedOut || !await PauseAsync(limit.Token))
                return (null, "TRYAGAIN " + Problems.Undecided(write).Value!.Detail);
        }
    }

    private static (BatchAnswer? Answer, string? Error) Judged(RespSession session, RaftStatus status, BatchAnswer answer)
    {
        if (answer.Outcome == Outcome.Applied)
            session.See(status.Incarnation, answer.Position.Index);
        return answer.Outcome is Outcome.Applied or Outcome.Provisional ? (answer, null) : (null, RespErrors.Of(answer.Outcome, answer.Refusal, isWrite: true));
    }

    /// <summary>Whether there is nothing to be had by another try.</summary>
    private static bool IsFinal(Outcome outcome, Refusal refusal) => outcome != Outcome.Rejected || !IsPassing(refusal);

    private static bool IsPassing(Refusal refusal) =>
        refusal is Refusal.NotLeader or Refusal.NotReady or Refusal.NoLeader or Refusal.Transferring or Refusal.LostLeadership or Refusal.NoLease or Refusal.TooStale;

    private static bool IsMember(RaftStatus status)
    {
        foreach (var member in status.Members)
        {
            if (member.Id == status.Id)
                return true;
        }

        return false;
    }

    /// <summary>What a session read must have seen: what its client says, and at the least what this connection has.</summary>
    private static ReadToken TokenOf(RespSession session)
    {
        if (session.Level.Kind != RespLevelKind.Session)
            return default;
        return session.Level.Token.CompareTo(session.Seen) > 0 ? session.Level.Token : session.Seen;
    }

    private static ReadConsistency ConsistencyOf(RespLevel level, ReadToken token, RaftStatus status) => level.Kind switch
    {
        RespLevelKind.Lease when status.Role == Role.Leader => ReadConsistency.Lease,
        RespLevelKind.Bounded => ReadConsistency.BoundedStaleness(level.MaxAge),
        RespLevelKind.Session => ReadConsistency.Session(token.Index),
        RespLevelKind.Eventual => ReadConsistency.Eventual,
        _ => ReadConsistency.Linearizable,
    };

    private CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(handle.Ending);
        limit.CancelAfter(RequestTimeout.Usual);
        return limit;
    }

    private async ValueTask<bool> PauseAsync(CancellationToken limit)
    {
        await Task.Delay(Pause, time, limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !limit.IsCancellationRequested;
    }
}
