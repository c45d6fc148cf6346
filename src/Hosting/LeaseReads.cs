using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting;

/// <summary>
/// Gets a program's lease read to the leader: answers it here if this node leads, sends it on if it knows who does, and waits for an election within its time. A read may be
/// asked again, whatever became of it.
/// </summary>
/// <remarks>
/// [safety] The lease is judged by the leader, at a moment of its own between the question and the answer: this node looks at no lease, and nothing that it knows of the leader
/// can make an old answer fresh.
/// </remarks>
internal sealed class LeaseReads(LeaderConnection leaders, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    // As over HTTP: a paused leader takes connections and never answers.
    private static readonly TimeSpan OneAttempt = TimeSpan.FromSeconds(1);

    /// <summary>Does the read, within <see cref="RequestTimeout.Usual"/> and until it is cancelled.</summary>
    public async ValueTask<T> ReadAsync<T>(RunningNode running, LeaseRead<T> read, CancellationToken cancellationToken)
    {
        using var usual = new CancellationTokenSource(RequestTimeout.Usual, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, usual.Token);
        var target = $"{read.Target}{ReadLevel.Query}={ReadLevel.Lease}";
        var why = Refusal.TimedOut;
        while (!limit.IsCancellationRequested)
        {
            // Who does not lead says so at once, and what is no key is told by whoever is asked first.
            var answer = await read.Local(limit.Token).ConfigureAwait(false);
            var end = read.EndOf(answer);
            if (end is (Outcome.Unknown, Refusal.TimedOut))
                break;
            if (!MayRepeat(end))
                return answer;
            why = Refusal.NoLease;
            var status = running.Node.Status;
            if (status.Role != Role.Leader && target.Length > RequestLimits.MaxTargetBytes)
                return read.None(Outcome.Rejected, Refusal.TooLarge);
            if (status.Role != Role.Leader && running.ClientAddressOf(status.Leader) is { } leader && await TryAskAsync(running.Program, leader, target, limit.Token).ConfigureAwait(false) is { } told)
                return Read(told, read);
            await Task.Delay(Pause, time, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // A read that nobody answered is no read in doubt.
        return read.None(Outcome.Rejected, why);
    }

    /// <summary>One attempt; null where the other node did not answer, or could not.</summary>
    private async ValueTask<ForwardAnswer?> TryAskAsync(Principal program, string leader, string target, CancellationToken limit)
    {
        using var one = new CancellationTokenSource(OneAttempt, time);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(limit, one.Token);
        var head = new EnvelopeHead("GET " + target, RequestDeadline.Headers(RequestDeadline.MaxHops - 1, OneAttempt));
        var (_, answer) = await leaders.AskForAsync(program, leader, head, ReadOnlyMemory<byte>.Empty, attempt.Token).ConfigureAwait(false);
        return answer;
    }

    private static T Read<T>(ForwardAnswer answer, LeaseRead<T> read)
    {
        var source = AnswerHeaders.Source(answer.Headers) with { Read = ReadConsistency.Lease };
        if (answer.Status == StatusCodes.Status200OK)
            return read.Read(answer, source);
        var problem = JsonSerializer.Deserialize(answer.Body, NodeJson.Default.ProblemJson);
        return problem?.Code == ProblemCodes.Declined
            ? read.Declined(problem.Detail, source)
            : read.None(Outcome.Rejected, Problems.RefusalOf(problem?.Code ?? ""));
    }

    private static bool MayRepeat((Outcome Outcome, Refusal Refusal) end) => end.Outcome switch
    {
        Outcome.Rejected => end.Refusal is Refusal.NotLeader or Refusal.NotReady or Refusal.NoLeader or Refusal.Transferring or Refusal.LostLeadership or Refusal.NoLease,
        Outcome.Unknown => end.Refusal is not Refusal.Stopped,
        _ => false,
    };
}
