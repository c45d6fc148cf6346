using System.Buffers;
using Microsoft.Extensions.Logging;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The reading of one partition under one lease: run after run, each from where the log says that the partition stands, until the lease is another's or the source has ended.
/// </summary>
internal sealed class PartitionTask : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly RaftNode _node;
    private readonly Job _job;
    private readonly ISourceNode _source;
    private readonly string _partition;
    private readonly Propose _propose;
    private readonly BatchSize _size = new();
    private readonly JobFigures _figures;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public PartitionTask(RaftNode node, Job job, int source, string partition, long epoch, Propose propose, JobFigures figures, TimeProvider time, ILogger logger)
    {
        (_node, _job, _source, _partition, Epoch) = (node, job, job.Sources[source], partition, epoch);
        (_propose, _figures, _time, _logger) = (propose, figures, time, logger);
        _running = Task.Run(RunAsync); // A source may block for a while: not on the runner's beat.
    }

    /// <summary>The epoch of the lease.</summary>
    public long Epoch { get; }

    /// <summary>Stops reading, and waits for what is in flight.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var pause = FirstPause;
        string? told = null;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (await FindAsync().ConfigureAwait(false) is not { } stands)
                    continue;
                if (stands.Epoch != Epoch || stands.Watermark == long.MaxValue)
                    return;
                var report = await _source.ReadAsync(_job, _partition, stands, _propose, _size, _figures, _time, _stop.Token).ConfigureAwait(false);
                if (report.End is ReadingEnd.SourceEnded or ReadingEnd.Superseded)
                    return;
                if (report.End == ReadingEnd.Wait && !string.Equals(told, report.Sentence, StringComparison.Ordinal))
                    _logger.LogWarning("Job {Job}, partition {Partition} of {Source}: {Sentence}", _job.Name, _partition, _source.Name, told = report.Sentence);
                pause = report.End == ReadingEnd.GoBack ? FirstPause : Longer(pause);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem) when (problem is not OutOfMemoryException)
            {
                // Code of the user's and files of the user's: whatever is wrong with them is told, and tried again from where the log stands.
                if (!string.Equals(told, problem.Message, StringComparison.Ordinal))
                    _logger.LogError(problem, "Job {Job} cannot read partition {Partition} of {Source}: {Sentence}", _job.Name, _partition, _source.Name, told = problem.Message);
                pause = Longer(pause);
            }

            _figures.Owed();
            await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _figures.Settled();
        }
    }

    /// <summary>Where the partition stands by now; null where nobody can tell for the moment.</summary>
    private async Task<JobPartition?> FindAsync()
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteStatus(query, _job.Name);
        var answer = await _node.ReadLocalAsync(query.WrittenMemory, _stop.Token).ConfigureAwait(false);
        if (answer.Outcome == Outcome.Applied && JobStatus.Read(answer.Reply.Span) is { } status)
            return status.Partitions.FirstOrDefault(at => string.Equals(at.Source, _source.Name, StringComparison.Ordinal) && string.Equals(at.Partition, _partition, StringComparison.Ordinal))?.At;
        await Task.Delay(FirstPause, _time, _stop.Token).ConfigureAwait(false);
        return null;
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;
}
