using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>Proposes a command and waits for its answer: <see cref="RaftNode.ProposeAsync(ReadOnlyMemory{byte}, CancellationToken)"/>, as an ingest sees it.</summary>
internal delegate ValueTask<Answer> Propose(ReadOnlyMemory<byte> command, CancellationToken cancellationToken);

/// <summary>
/// One run of an ingest: opens the partition, feeds the source to a <see cref="WordCountReader"/> and keeps up to 16 of its commands
/// in flight. Ordinary async code outside the agents; used once.
/// </summary>
/// <remarks>
/// Several commands may be in flight although each starts where the one before it ends: where one is lost or declined, those behind it
/// find another offset and are declined as well. So the first bad answer ends the run, and nothing has to be taken back.
/// </remarks>
internal sealed class IngestRun(Propose propose, PartitionName name, BatchLimits limits)
{
    /// <summary>How many commands are in flight at the most.</summary>
    public const int Window = 16;

    private const int ReadSize = 64 * 1024;

    /// <summary>Room for an incomplete character in front of the next read.</summary>
    private const int Leftover = 4;

    private readonly Queue<Flight> _flights = new(Window);
    private readonly ArrayBufferWriter<byte> _command = new();
    private PartitionReply? _position;
    private long _wordsAdded;
    private IngestOutcome _outcome = IngestOutcome.Complete;
    private string? _message;

    /// <summary>Runs to the source's end or to the first answer that forbids to go on.</summary>
    public async Task<IngestReport> RunAsync(Stream source, CancellationToken cancellationToken)
    {
        var ticket = await OpenAsync(cancellationToken).ConfigureAwait(false);
        if (ticket is null)
            return Report();
        using var reader = new WordCountReader(ticket, limits);
        try
        {
            await FeedAsync(source, reader, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Also after a cancellation or a failed read: no answer is left behind unseen.
            while (_flights.Count > 0)
                await LandAsync().ConfigureAwait(false);
        }

        ThrowIfCancelled(cancellationToken);
        if (_outcome == IngestOutcome.Complete && reader.State == ReaderState.DifferentSource)
            Fail(IngestOutcome.DifferentSource, $"The source does not start with the {ticket.Offset} bytes already counted for job '{name.Job}', partition '{name.Partition}': give the same source, or name another partition.");
        return Report();
    }

    private async Task<PartitionTicket?> OpenAsync(CancellationToken cancellationToken)
    {
        StoreCommand.WriteOpenPartition(_command, name);
        var answer = await propose(TakeCommand(), cancellationToken).ConfigureAwait(false);
        var accepted = Accept(answer);
        ThrowIfCancelled(cancellationToken);
        if (!accepted || _position is not { } opened)
            return null;
        return new(name, opened.Epoch, opened.Offset, opened.PrefixSha256);
    }

    private async Task FeedAsync(Stream source, WordCountReader reader, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReadSize + Leftover];
        var kept = 0;
        while (_outcome == IngestOutcome.Complete)
        {
            var read = await source.ReadAsync(buffer.AsMemory(kept, ReadSize), cancellationToken).ConfigureAwait(false);
            var end = kept + read;
            var start = 0;
            while (_outcome == IngestOutcome.Complete)
            {
                start += reader.Push(buffer.AsSpan(start, end - start), isLast: read == 0);
                if (!reader.HasCommand)
                    break;
                await LaunchAsync(reader, cancellationToken).ConfigureAwait(false);
            }

            if (read == 0 || reader.State is ReaderState.DifferentSource)
                return;
            kept = end - start;
            buffer.AsSpan(start, kept).CopyTo(buffer);
        }
    }

    /// <summary>
    /// Proposes the reader's next command, once there is room in the window and all answers that are there have been looked at.
    /// </summary>
    private async Task LaunchAsync(WordCountReader reader, CancellationToken cancellationToken)
    {
        while (_flights.TryPeek(out var oldest) && (_flights.Count == Window || oldest.Answer.IsCompleted))
            await LandAsync().ConfigureAwait(false);
        if (_outcome != IngestOutcome.Complete)
            return;
        cancellationToken.ThrowIfCancellationRequested();
        var batch = reader.Take(_command);
        _flights.Enqueue(new(batch, propose(TakeCommand(), cancellationToken).AsTask()));
    }

    private async Task LandAsync()
    {
        var flight = _flights.Dequeue();
        var answer = await flight.Answer.ConfigureAwait(false);
        if (Accept(answer))
            _wordsAdded += flight.Batch.Words;
    }

    /// <summary>Judges an answer. The first bad one is the report; the ones behind it are its consequence.</summary>
    private bool Accept(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
        {
            if (answer is { Outcome: Outcome.Rejected, Refusal: Refusal.StorageFull })
                Fail(IngestOutcome.StorageFull, "The leader's disk is full: make room in its data folder and run the ingest again, with the same source; what is committed stays counted.");
            Fail(IngestOutcome.NotLeader, answer.Outcome == Outcome.Unknown
                ? $"The node cannot tell whether the last batch was committed ({answer.Refusal}): run the ingest again on the leader, with the same source."
                : $"The node did not take the last batch ({answer.Refusal}): run the ingest again on the leader, with the same source.");
            return false;
        }

        if (PartitionReply.TryRead(answer.Reply.Span) is not { } reply)
        {
            Fail(IngestOutcome.Declined, "The state machine's reply is none of a counting store: run the ingest on nodes of one release.");
            return false;
        }

        if (reply.Epoch > 0 && (_position is null || reply.Offset >= _position.Offset))
            _position = reply;
        if (reply.Problem == StoreProblem.None)
            return true;
        var superseded = reply.Problem is StoreProblem.Superseded or StoreProblem.WrongOffset or StoreProblem.NotOpened;
        Fail(superseded ? IngestOutcome.Superseded : IngestOutcome.Declined, StoreProblems.Sentence(reply.Problem));
        return false;
    }

    /// <summary>
    /// A cancelled proposal is answered as unknown; the caller, who cancelled it, gets the usual exception instead of a report.
    /// </summary>
    private void ThrowIfCancelled(CancellationToken cancellationToken)
    {
        if (_outcome == IngestOutcome.NotLeader)
            cancellationToken.ThrowIfCancellationRequested();
    }

    private void Fail(IngestOutcome outcome, string? message)
    {
        if (_outcome == IngestOutcome.Complete)
            (_outcome, _message) = (outcome, message);
    }

    /// <summary>The bytes just written, as an array of their own: a proposal is the node's from here on.</summary>
    private byte[] TakeCommand()
    {
        var command = _command.WrittenSpan.ToArray();
        _command.ResetWrittenCount();
        return command;
    }

    private IngestReport Report() => new(_outcome, Answers.ToPosition(name, _position), _wordsAdded, _message);

    private readonly record struct Flight(CountedBatch Batch, Task<Answer> Answer);
}
