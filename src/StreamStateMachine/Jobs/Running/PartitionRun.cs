using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>How a run ended.</summary>
internal enum ReadingEnd
{
    /// <summary>The source has ended and all of it is committed.</summary>
    SourceEnded,

    /// <summary>Another reader has the partition now.</summary>
    Superseded,

    /// <summary>A batch was declined or lost: read again, from where the partition stands.</summary>
    GoBack,

    /// <summary>The job takes nothing in for now: read again in a while.</summary>
    Wait,
}

/// <summary>What became of a run.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Sentence">Why, for a person; null where nothing is wrong.</param>
internal sealed record ReadingReport(ReadingEnd End, string? Sentence);

/// <summary>
/// One run of reading a partition: from a position of the source through the part of the topology before the log to commands, up to 16 of which are in flight. What is declined or in doubt
/// ends it: the batches behind would be declined as well, and the next run begins where the log says. Used once.
/// </summary>
/// <remarks>
/// A batch is sent when it is full, or as soon as the source has no record ready and nothing is in flight: so batches grow with the load, and a lone record does not wait.
/// </remarks>
internal sealed class PartitionRun<T>(PartitionReader<T> reader, IStreamSource<T> source, Propose propose, BatchSize size, JobFigures figures, TimeProvider time)
{
    /// <summary>How many commands are in flight at the most.</summary>
    public const int Window = 16;

    private readonly Queue<Flight> _flights = new(Window);
    private readonly ArrayBufferWriter<byte> _command = new();
    private ReadingReport? _report;
    private long _landedAt;
    private long _firstRecordAt;

    /// <summary>Runs to the end of the source or to the first answer that forbids to go on.</summary>
    /// <exception cref="SourceChangedException">What was read before is not there as it was.</exception>
    public async Task<ReadingReport> RunAsync(CancellationToken cancellationToken)
    {
        var input = await source.OpenAsync(reader.Partition, reader.Position, cancellationToken).ConfigureAwait(false);
        await using (input.ConfigureAwait(false))
        {
            try
            {
                await FeedAsync(input, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // Also after a cancellation or a failed read: no answer is left behind unseen.
                while (_flights.Count > 0)
                    await LandAsync().ConfigureAwait(false);
            }
        }

        return _report ?? new(ReadingEnd.SourceEnded, null);
    }

    private async Task FeedAsync(ISourceReader<T> input, CancellationToken cancellationToken)
    {
        var breakOff = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (_report is null)
            {
                var next = input.ReadAsync(breakOff.Token);
                var more = next.IsCompleted ? await next.ConfigureAwait(false) : await WaitAsync(next.AsTask(), breakOff).ConfigureAwait(false);
                if (more is null)
                {
                    // Nothing was read: what is there is sent, or the answers that came have ended the run.
                    cancellationToken.ThrowIfCancellationRequested();
                    breakOff.Dispose();
                    breakOff = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    if (reader.Records > 0)
                        await LaunchAsync(input.Position).ConfigureAwait(false);
                }
                else if (!await PushAsync(input, more.Value).ConfigureAwait(false))
                {
                    return;
                }
            }
        }
        finally
        {
            breakOff.Dispose();
        }
    }

    /// <summary>
    /// Waits for the next record, and looks at the answers that come meanwhile. Null: the wait was broken off, because there is a batch to send and nothing in flight, or because the run is over; only a reader that is not
    /// reading can tell its position.
    /// </summary>
    private async Task<bool?> WaitAsync(Task<bool> next, CancellationTokenSource breakOff)
    {
        while (!next.IsCompleted)
        {
            if (_report is not null || (reader.Records > 0 && _flights.Count == 0))
            {
                await breakOff.CancelAsync().ConfigureAwait(false);
                break;
            }

            if (_flights.TryPeek(out var oldest) && await Task.WhenAny(next, oldest.Answer).ConfigureAwait(false) != next)
                await LandAsync().ConfigureAwait(false);
            else
                await Task.WhenAny(next).ConfigureAwait(false);
        }

        try
        {
            return await next.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (breakOff.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Takes the record in that was read; false at the end of the source.</summary>
    private async ValueTask<bool> PushAsync(ISourceReader<T> input, bool more)
    {
        if (!more)
        {
            reader.End();
            await LaunchAsync(input.Position).ConfigureAwait(false);
            return false;
        }

        if (reader.Records == 0)
        {
            _firstRecordAt = time.GetTimestamp();
            reader.MaxRecords = size.Records;
        }

        reader.Push(input.Current, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (reader.IsFull)
            await LaunchAsync(input.Position).ConfigureAwait(false);
        return true;
    }

    private async ValueTask LaunchAsync(SourcePosition to)
    {
        while (_flights.TryPeek(out var oldest) && (_flights.Count == Window || oldest.Answer.IsCompleted))
            await LandAsync().ConfigureAwait(false);
        if (_report is not null)
            return;
        var (records, newest) = (reader.Records, reader.LatestTime);
        reader.Take(_command, to);
        if (_command.WrittenCount > JobLimits.MaxCommandBytes)
        {
            // Partial aggregates are as large as they are only when a batch ends: it is read again, in smaller pieces.
            _report = size.WasTooLarge(records)
                ? new(ReadingEnd.GoBack, null)
                : new(ReadingEnd.Wait, $"One record becomes {_command.WrittenCount} bytes in the log, and {JobLimits.MaxCommandBytes} are the most, so it is not taken in: make less of it in front of the log, or leave Combined() out.");
            return;
        }

        var command = _command.WrittenSpan.ToArray();
        _command.ResetWrittenCount();

        // What is in flight is not cancelled: its answer says whether it counted.
        if (_flights.Count == 0)
            _landedAt = time.GetTimestamp();
        figures.Owed();
        _flights.Enqueue(new(records, newest, _firstRecordAt, propose(command, CancellationToken.None).AsTask()));
    }

    private async Task LandAsync()
    {
        var flight = _flights.Dequeue();
        var answer = await flight.Answer.ConfigureAwait(false);
        figures.Settled();
        if (answer.Outcome != Outcome.Applied)
        {
            _report ??= new(ReadingEnd.GoBack, answer.Outcome == Outcome.Unknown ? $"It is not known whether a batch was committed ({answer.Refusal})." : $"A batch was not taken ({answer.Refusal}).");
            return;
        }

        var problem = JobReply.TryRead(answer.Reply.Span)?.Problem ?? JobProblem.Malformed;
        if (problem == JobProblem.None)
        {
            var now = time.GetTimestamp();
            figures.Committed(flight.Records, time.GetElapsedTime(flight.FirstRecordAt, now), flight.Newest, answer.Position);
            size.Took(time.GetElapsedTime(_landedAt, now));
            _landedAt = now;
            return;
        }

        _report ??= new(
            problem switch
            {
                JobProblem.Superseded or JobProblem.NotOpened => ReadingEnd.Superseded,
                JobProblem.WrongPosition => ReadingEnd.GoBack,
                _ => ReadingEnd.Wait,
            },
            JobProblems.Sentence(problem));
    }

    private sealed record Flight(long Records, long Newest, long FirstRecordAt, Task<Answer> Answer);
}
