using System.Text;
using RaftStream.Client;
using RaftStream.Client.Protocol;
using RaftStream.Hosting.Streams;

namespace RaftStream.Hosting.ClientPort;

/// <summary>What of stream jobs the port reaches.</summary>
internal sealed record StreamAccess(NodeHandle Handle, StreamIngest Ingest, SinkPages Pages);

/// <summary>
/// Answers requests about stream jobs: lines that producers hand in, which this node prepares and passes on to the leader if it is another one, and pages of subscriptions by its own replica. Any thread.
/// </summary>
internal sealed class StreamRequests(RunningNode running, StreamAccess streams)
{
    private readonly RefusalAnswers _refusals = new(running);

    /// <summary>Takes lines in; without lines, tells where the producer stands.</summary>
    public async ValueTask<AnswerMessage> IngestAsync(RequestMessage request, CancellationToken deadline)
    {
        var terms = request.Ingest!;
        if (!StreamPlaces.TrySource(streams.Handle, terms.Job, terms.Source, out var place, out var problem))
            return _refusals.Of(request, ClientOutcome.Rejected, ClientRefusal.UnknownStream, problem);

        // What comes before the log may be slow, and the connection's reader has called us.
        await Task.Yield();
        var isQuestion = terms.Lines.Count == 0;
        var end = await (isQuestion
            ? streams.Ingest.FindAsync(place, terms.Producer, deadline)
            : streams.Ingest.TakeAsync(place, terms.Producer, terms.First, [.. terms.Lines], deadline));
        if (end.Outcome != Outcome.Applied)
            return _refusals.Of(request, end.Outcome, end.Refusal);
        if (end.Problem is { } declined && end.Declined != JobProblem.WrongPosition)
            return _refusals.Of(request, ClientOutcome.Rejected, RefusalOf(end.Declined), declined);
        return new(AnswerKind.Ingest)
        {
            Id = request.Id,
            Outcome = end.Problem is null ? ClientOutcome.Applied : ClientOutcome.Rejected,
            Refusal = RefusalOf(end.Declined),
            Problem = end.Problem,
            Index = end.Position.Index.Value,
            Term = end.Position.Term.Value,
            Level = end.Problem is not null ? null : isQuestion ? ConsistencyLevel.Linearizable : ConsistencyLevel.Quorum,
            Leader = running.Node.Status.Leader.Value,
            Sequence = end.Sequence,
            Taken = end.Taken,
        };
    }

    /// <summary>The next page of a subscription that the client keeps.</summary>
    public async ValueTask<AnswerMessage> PageAsync(RequestMessage request, CancellationToken deadline)
    {
        var terms = request.Subscribe!;
        if (!StreamPlaces.HasSubscription(streams.Handle, terms.Job, terms.Sink, out var problem))
            return _refusals.Of(request, ClientOutcome.Rejected, ClientRefusal.UnknownStream, problem);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(deadline, streams.Handle.Stopping);
        var look = await streams.Pages.NextAsync(terms.Job, terms.Sink, terms.From, OutputPage.MaxItems, TimeSpan.FromMilliseconds(terms.WaitMs), end.Token);
        if (look.Outcome != Outcome.Applied)
            return _refusals.Of(request, Outcome.Rejected, streams.Handle.Stopping.IsCancellationRequested ? Refusal.Stopped : look.Refusal);
        if (look.Outputs is not { } outputs)
            return _refusals.Of(request, ClientOutcome.Rejected, ClientRefusal.JobNotBegun, "The job has not begun yet: try again.");
        var fitting = Fitting(outputs);
        if (outputs.Count > 0 && fitting.Count == 0)
        {
            return _refusals.Of(
                request,
                ClientOutcome.Rejected,
                ClientRefusal.TooLarge,
                $"Output {outputs[0].Sequence} of '{terms.Sink}' takes more than the {OutputPage.MaxTextBytes} bytes that an answer has room for: read it over HTTP, or go on behind it.");
        }

        return new(AnswerKind.Outputs)
        {
            Id = request.Id,
            Index = look.Position.Index.Value,
            Term = look.Position.Term.Value,
            Level = ConsistencyLevel.Eventual,
            Leader = running.Node.Status.Leader.Value,
            Outputs = new(fitting.Count == 0 ? terms.From : fitting[^1].Sequence + 1, fitting),
        };
    }

    /// <summary>As many of the outputs as a page has room for.</summary>
    private static List<ClientSinkOutput> Fitting(IReadOnlyList<SinkOutput> outputs)
    {
        var (fitting, left) = (new List<ClientSinkOutput>(outputs.Count), OutputPage.MaxBytes);
        foreach (var output in outputs)
        {
            left -= Encoding.UTF8.GetByteCount(output.Text) + OutputPage.ItemOverhead;
            if (left < 0)
                break;
            fitting.Add(new(output.Sequence, output.Time, output.Text));
        }

        return fitting;
    }

    private static ClientRefusal RefusalOf(JobProblem problem) => problem switch
    {
        JobProblem.None => ClientRefusal.None,
        JobProblem.NotFound => ClientRefusal.JobNotBegun,
        JobProblem.WrongPosition => ClientRefusal.WrongSequence,
        JobProblem.Busy => ClientRefusal.JobBusy,
        JobProblem.SinkFull => ClientRefusal.SinkFull,
        JobProblem.StateFull => ClientRefusal.JobStateFull,
        _ => ClientRefusal.JobDeclined,
    };
}
