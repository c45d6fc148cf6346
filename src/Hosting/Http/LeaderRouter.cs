
namespace RaftStream.Hosting.Http;

/// <summary>What this node answered as the leader; <see cref="Result"/> is for the client if the outcome is applied.</summary>
internal readonly record struct LocalAnswer(Outcome Outcome, Refusal Refusal, IResult Result)
{
    /// <summary>What of the log is in it, for <see cref="AnswerHeaders"/>.</summary>
    public LogPosition Position { get; init; }

    /// <summary>How old it may be, where that is known.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Where in this node's outbox it stands, if that is all that is known of it.</summary>
    public OutboxPlace? Accepted { get; init; }
}

/// <summary>What may be done again although nobody knows whether it is done already.</summary>
internal enum Repeat
{
    /// <summary>Nothing: a second time could count twice.</summary>
    Never = 0,

    /// <summary>A write of a session or under a key, which the cluster applies once however often it comes.</summary>
    InSession = 1,

    /// <summary>A read.</summary>
    Always = 2,
}

/// <summary>
/// Gets a request to the leader, wherever it came in: answers here if this node leads, sends it on if it knows who does, and waits
/// for an election, or a hand-over, within the request's time.
/// </summary>
/// <remarks>
/// What may be repeated: a request that was certainly not done, a write of a session or under a key, and any read. Any other write whose answer is lost
/// is never repeated here, because it could be applied twice; the client is told that the outcome is unknown.
/// [safety] Once one attempt of such a write is of unknown outcome, no later refusal is told as "certainly not done", not even by
/// another node that it is sent on to: hence <see cref="RequestDeadline.IsUncertain"/>.
/// </remarks>
internal sealed class LeaderRouter(NodeHandle handle, LeaderConnection leaders)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    // A paused leader takes connections (its kernel does) and never answers: what may be repeated then asks whoever leads by now.
    private static readonly TimeSpan OneAttempt = TimeSpan.FromSeconds(1);

    /// <summary>Routes a read of a level that the leader serves.</summary>
    public Task<IResult> ReadAsync(HttpContext context, ReadLevel level, Func<CountingService, CancellationToken, ValueTask<LocalAnswer>> local) =>
        RouteAsync(context, ReadOnlyMemory<byte>.Empty, Repeat.Always, (running, token) => local(running.Counters, token), level);

    /// <summary>Routes a request with its body.</summary>
    public async Task<IResult> RouteAsync(
        HttpContext context, ReadOnlyMemory<byte> body, Repeat repeat, Func<RunningNode, CancellationToken, ValueTask<LocalAnswer>> local, ReadLevel? level = null)
    {
        if (handle.Running is not { } running)
            return Problems.Starting();
        using var deadline = RequestDeadline.Of(context, handle.Ending);
        do
        {
            var status = running.Node.Status;
            AnswerHeaders.Sign(context.Response, status);
            if (status.Role == Role.Leader)
            {
                var answer = await AskAsync(running, local, deadline);
                deadline.IsUncertain |= answer.Outcome == Outcome.Unknown && repeat == Repeat.InSession;
                if (answer.Outcome is Outcome.Applied or Outcome.Provisional)
                    AnswerHeaders.Write(context.Response, running.Node.Status, answer, level);
                if (!MayRepeat(answer, repeat))
                    return Answer(answer, repeat, deadline);
            }
            else if (status.Members.All(member => member.Id != status.Id))
            {
                return Problems.NoMember(deadline.IsUncertain);
            }
            else if (deadline.Hops < RequestDeadline.MaxHops && running.ClientAddressOf(status.Leader) is { } leader)
            {
                var patience = repeat != Repeat.Never && deadline.Remaining > OneAttempt ? OneAttempt : deadline.Remaining;
                var forwarded = await leaders.SendAsync(context, leader, body, deadline, patience);
                if (forwarded == Forwarded.Answered)
                    return TypedResults.Empty;
                if (forwarded == Forwarded.Lost && repeat == Repeat.Never)
                    return Problems.For(Outcome.Unknown, Refusal.LostLeadership);
                deadline.IsUncertain |= forwarded == Forwarded.Lost && repeat == Repeat.InSession;
            }
        }
        while (await deadline.PauseAsync(Pause));
        var refusal = handle.Ending.IsCancellationRequested ? Refusal.Stopped : level is { IsLease: true } ? Refusal.NoLease : Refusal.NoLeader;
        return Problems.For(deadline.IsUncertain ? Outcome.Unknown : Outcome.Rejected, refusal);
    }

    private static async Task<LocalAnswer> AskAsync(
        RunningNode running, Func<RunningNode, CancellationToken, ValueTask<LocalAnswer>> local, RequestDeadline deadline)
    {
        try
        {
            return await local(running, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.Token.IsCancellationRequested)
        {
            return new LocalAnswer(Outcome.Unknown, Refusal.TimedOut, TypedResults.Empty);
        }
    }

    private static bool MayRepeat(LocalAnswer answer, Repeat repeat) => answer.Outcome switch
    {
        Outcome.Applied or Outcome.Provisional => false,
        Outcome.Rejected => answer.Refusal is Refusal.NotLeader or Refusal.NotReady or Refusal.NoLeader or Refusal.Transferring or Refusal.LostLeadership or Refusal.NoLease,
        _ => repeat != Repeat.Never && answer.Refusal is not Refusal.TimedOut,
    };

    private static IResult Answer(LocalAnswer answer, Repeat repeat, RequestDeadline deadline)
    {
        if (answer.Outcome is Outcome.Applied or Outcome.Provisional)
            return answer.Result;
        if (repeat == Repeat.Always && answer.Outcome == Outcome.Unknown)
            return Problems.For(Outcome.Rejected, Refusal.TimedOut);
        return Problems.For(deadline.IsUncertain ? Outcome.Unknown : answer.Outcome, answer.Refusal);
    }
}
