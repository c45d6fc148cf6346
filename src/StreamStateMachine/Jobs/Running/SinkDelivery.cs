using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;

namespace RaftStream.StreamStateMachine;

/// <summary>A sink whose outputs a node hands on.</summary>
/// <param name="Job">The job.</param>
/// <param name="Node">The sink.</param>
/// <param name="Outlet">How.</param>
internal sealed record HandedOnSink(Job Job, SinkNode Node, SinkOutlet Outlet);

/// <summary>
/// The handing on of one sink's outputs during one term of this node: batch after batch, each only when the one before it has an answer for good, and the log is told of that answer. Used once.
/// </summary>
/// <remarks>
/// [safety] Within a term outputs go out in the order of their sequences, and none is passed over that the log does not know to be handed on or refused: a batch begins at the oldest output that waits, as this node has
/// applied the log after a round of the leader. A node that was deposed and does not know it may send a batch that its successor sends, too, under its own, lower epoch; what it says of refusals, the log declines.
/// </remarks>
internal sealed class SinkDelivery : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HandedOnSink _sink;
    private readonly RaftNode _node;
    private readonly Propose _propose;
    private readonly DeliveryMeans _means;
    private readonly JobFigures _figures;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly DeliveryAttempts _attempts;
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly Task _running;
    private string _told = "";
    private long _takenUpTo;
    private long _singlyUpTo;

    /// <param name="sink">The sink.</param>
    /// <param name="epoch">The term in which this node leads.</param>
    /// <param name="node">The replica.</param>
    /// <param name="propose">Gets a command to the leader.</param>
    /// <param name="means">What outlets work with.</param>
    /// <param name="figures">What is measured of the job at this node.</param>
    /// <param name="logger">Where it tells what cannot go on.</param>
    public SinkDelivery(HandedOnSink sink, long epoch, RaftNode node, Propose propose, DeliveryMeans means, JobFigures figures, ILogger logger)
    {
        (_sink, Epoch, _node, _propose, _means, _figures, _logger) = (sink, epoch, node, propose, means, figures, logger);
        _attempts = new(sink.Outlet, means, Random.Shared.NextDouble);
        _running = Task.Run(RunAsync); // A console may block for a while: not on the runner's beat.
    }

    /// <summary>The term.</summary>
    public long Epoch { get; }

    /// <summary>Whether it has ended: the node did not lead for a moment, or does not any more.</summary>
    public bool IsOver => _running.IsCompleted;

    private bool Leads => !_stop.IsCancellationRequested && _node.Status is { IsReady: true } status && status.Term.Value == Epoch;

    /// <summary>Ends it; what is under way is broken off.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var news = 0L;
        while (Leads)
        {
            try
            {
                (var batch, news) = await FindAsync(news).ConfigureAwait(false);
                if (batch is not null)
                    await DeliverAsync(batch).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>What is to be handed on next; null: nothing at the moment, and what is applied from an index on may bring something.</summary>
    /// <param name="news">That index of the last time; 0: look now, after a round of the leader.</param>
    private async Task<(OutputBatch? Batch, long News)> FindAsync(long news)
    {
        JobQuery.WriteResends(_bytes, _sink.Job.Name, _sink.Node.Name, 1);
        var (again, index) = await ReadAsync(news == 0 ? ReadConsistency.Linearizable : ReadConsistency.Session(new(news))).ConfigureAwait(false);
        if (again is null)
            return (null, news);
        if (again.Count > 0)
            return (Batch(again, isReplay: true), 0);
        JobQuery.WriteOutputs(_bytes, _sink.Job.Name, _sink.Node.Name, 0, _sink.Outlet.Rules.MaxOutputs);
        var (waiting, _) = await ReadAsync(ReadConsistency.Eventual).ConfigureAwait(false);
        if (waiting is null)
            return (null, 0);
        if (waiting.Count == 0)
            return (null, index + 1);
        if (waiting[0].Sequence > _takenUpTo)
            return (Batch(Cut(waiting), isReplay: false), 0);

        // They were taken, and the log could not be told.
        await ProposeAsync(output => JobCommand.WriteAcknowledge(output, _sink.Job, _sink.Node.Id, _takenUpTo)).ConfigureAwait(false);
        return (null, 0);
    }

    private OutputBatch Batch(IReadOnlyList<SinkOutput> outputs, bool isReplay) => new(_sink.Job.Name, _sink.Node.Name, Epoch, isReplay, outputs);

    /// <summary>As many as may go together: one where a batch that it was in was refused.</summary>
    private List<SinkOutput> Cut(List<SinkOutput> waiting)
    {
        if (waiting[0].Sequence <= _singlyUpTo)
            return waiting[..1];
        var (count, bytes) = (1, Encoding.UTF8.GetByteCount(waiting[0].Text));
        while (count < waiting.Count && (bytes += Encoding.UTF8.GetByteCount(waiting[count].Text)) <= _sink.Outlet.Rules.MaxBytes)
            count++;
        return waiting[..count];
    }

    private async Task DeliverAsync(OutputBatch batch)
    {
        var end = await _attempts.RunAsync(batch, () => Leads, sentence => Tell(batch, sentence), _stop.Token).ConfigureAwait(false);
        switch (end.End)
        {
            case DeliveryEnd.Taken:
                _told = "";
                _figures.HandedOn(batch.Outputs[^1].Time);
                await TellTakenAsync(batch).ConfigureAwait(false);
                break;
            case DeliveryEnd.Refused when !end.IsGivenUp && batch.Outputs.Count > 1:
                _singlyUpTo = batch.Last;
                break;
            case DeliveryEnd.Refused:
                await TellRefusedAsync(batch, end.Sentence).ConfigureAwait(false);
                break;
        }
    }

    private Task TellTakenAsync(OutputBatch batch)
    {
        if (batch.IsReplay)
            return ProposeAsync(output => JobCommand.WriteResent(output, _sink.Job, _sink.Node.Id, batch.First, Epoch, ""));
        _takenUpTo = batch.Last;
        return ProposeAsync(output => JobCommand.WriteAcknowledge(output, _sink.Job, _sink.Node.Id, batch.Last));
    }

    private Task TellRefusedAsync(OutputBatch batch, string sentence)
    {
        _logger.LogWarning("Sink {Sink} of job {Job} sets outputs {First} to {Last} aside: {Sentence}", _sink.Node.Name, _sink.Job.Name, batch.First, batch.Last, sentence);
        var reason = sentence.Length <= JobLetter.MaxReason ? sentence : sentence[..JobLetter.MaxReason];
        return ProposeAsync(output =>
        {
            if (batch.IsReplay)
                JobCommand.WriteResent(output, _sink.Job, _sink.Node.Id, batch.First, Epoch, reason);
            else
                JobCommand.WriteRefuse(output, _sink.Job, _sink.Node.Id, batch.First, batch.Last, Epoch, reason);
        });
    }

    private void Tell(OutputBatch batch, string sentence)
    {
        if (string.Equals(_told, sentence, StringComparison.Ordinal))
            return;
        _told = sentence;
        _logger.LogWarning("Sink {Sink} of job {Job} cannot hand on outputs from {First} on, and tries again: {Sentence}", _sink.Node.Name, _sink.Job.Name, batch.First, sentence);
    }

    /// <summary>Asks with the query that was written; null where nobody can answer for the moment.</summary>
    private async Task<(List<SinkOutput>? Outputs, long Index)> ReadAsync(ReadConsistency consistency)
    {
        var query = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        using var patience = new CancellationTokenSource(Patience, _means.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, patience.Token);
        var answer = await _node.ReadAsync(query, consistency, limit.Token).ConfigureAwait(false);
        if (answer.Outcome == Outcome.Applied && JobRows.ReadOutputs(answer.Reply.Span) is { } outputs)
            return (outputs, answer.Position.Index.Value);
        if (!limit.IsCancellationRequested)
            await Task.Delay(Pause, _means.Time, _stop.Token).ConfigureAwait(false);
        return (null, 0);
    }

    /// <summary>Tells the log. Where that fails, the next look shows what the log knows.</summary>
    private async Task ProposeAsync(Action<IBufferWriter<byte>> write)
    {
        var command = new ArrayBufferWriter<byte>();
        write(command);
        var answer = await _propose(command.WrittenMemory, _stop.Token).ConfigureAwait(false);
        if (answer.Outcome != Outcome.Applied)
            await Task.Delay(Pause, _means.Time, _stop.Token).ConfigureAwait(false);
    }
}
