using System.Text.Json;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting;

/// <summary>A write as it is sent to the leader where that is another node.</summary>
/// <param name="Verb">add, max, cas or delete.</param>
/// <param name="Key">The counter.</param>
/// <param name="Concern">What must hold it before it is answered.</param>
internal sealed record LeaderWrite(string Verb, string Key, WriteConcern Concern)
{
    /// <summary>What is added, or the value to set.</summary>
    public long Number { get; init; }

    /// <summary>For compare-and-set: the value that is expected; null for no counter.</summary>
    public long? Expected { get; init; }

    /// <summary>Method and target, as over HTTP.</summary>
    public string First
    {
        get
        {
            var concern = Concern == WriteConcern.Leader ? $"?{WriteLevel.Query}={WriteLevel.Leader}" : "";
            return Verb == "delete" ? $"DELETE /v1/counters/{RawPath.Encode(Key)}" : $"POST /v1/counters/{RawPath.Encode(Key)}/{Verb}{concern}";
        }
    }

    /// <summary>The body, as over HTTP.</summary>
    public byte[] Body() => Verb switch
    {
        "add" => JsonSerializer.SerializeToUtf8Bytes(new AddBody(Number), NodeJson.Default.AddBody),
        "max" => JsonSerializer.SerializeToUtf8Bytes(new MaxBody(Number), NodeJson.Default.MaxBody),
        "cas" => JsonSerializer.SerializeToUtf8Bytes(new CasBody(Expected, Number), NodeJson.Default.CasBody),
        _ => [],
    };
}

/// <summary>
/// Gets a program's write to the leader: does it here if this node leads, sends it on if it knows who does, and waits for an election within its time. What is in doubt is never
/// sent again.
/// </summary>
internal sealed class LeaderWrites(LeaderConnection leaders, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Does the write, within <see cref="RequestTimeout.Usual"/> and until it is cancelled.</summary>
    public async ValueTask<CounterAnswer> WriteAsync(RunningNode running, LeaderWrite write, Func<CancellationToken, ValueTask<CounterAnswer>> local, CancellationToken cancellationToken)
    {
        using var usual = new CancellationTokenSource(RequestTimeout.Usual, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, usual.Token);
        var start = time.GetTimestamp();
        while (!limit.IsCancellationRequested)
        {
            var status = running.Node.Status;
            if (status.Role == Role.Leader)
            {
                var answer = await local(limit.Token).ConfigureAwait(false);
                if (answer.Outcome != Outcome.Rejected || answer.Refusal is not (Refusal.NotLeader or Refusal.NotReady or Refusal.Transferring or Refusal.LostLeadership))
                    return answer;
            }
            else if (running.ClientAddressOf(status.Leader) is { } leader)
            {
                var (end, answer) = await leaders.AskForAsync(running.Program, leader, Head(write, RequestTimeout.Usual - time.GetElapsedTime(start)), write.Body(), limit.Token).ConfigureAwait(false);
                if (end == Forwarded.Lost)
                    return None(Outcome.Unknown, Refusal.LostLeadership);
                if (answer is not null)
                    return Read(answer) with { Source = AnswerHeaders.Source(answer.Headers) with { Write = write.Concern } };
            }

            await Task.Delay(Pause, time, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return None(Outcome.Rejected, Refusal.NoLeader);
    }

    // The node that gets it must not send it on for ever: it may take another one for the leader.
    private static EnvelopeHead Head(LeaderWrite write, TimeSpan left) => new(write.First, RequestDeadline.Headers(RequestDeadline.MaxHops - 1, left));

    private static CounterAnswer Read(ForwardAnswer answer) => answer.Status switch
    {
        StatusCodes.Status200OK when JsonSerializer.Deserialize(answer.Body, NodeJson.Default.CounterJson) is { } counter =>
            new(Outcome.Applied, Refusal.None, At(counter.Index, counter.Term), counter.Value, counter.Exists, counter.Matched ?? true, Problem: null),
        StatusCodes.Status202Accepted when JsonSerializer.Deserialize(answer.Body, NodeJson.Default.WriteJson) is { } placed =>
            None(Outcome.Provisional, Refusal.None) with { Position = At(placed.Index, placed.Term) },
        _ => Refused(JsonSerializer.Deserialize(answer.Body, NodeJson.Default.ProblemJson)),
    };

    private static CounterAnswer Refused(ProblemJson? problem) => problem switch
    {
        { Code: ProblemCodes.Declined } => None(Outcome.Applied, Refusal.None) with { Problem = problem.Detail },
        { Outcome: "rejected" } => None(Outcome.Rejected, Problems.RefusalOf(problem.Code)),
        _ => None(Outcome.Unknown, Refusal.LostLeadership),
    };

    private static LogPosition At(long index, long term) => new(new(index), new(term));

    private static CounterAnswer None(Outcome outcome, Refusal refusal) => new(outcome, refusal, default, 0, Exists: false, Matched: false, Problem: null);
}
