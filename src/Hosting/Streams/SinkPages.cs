namespace RaftStream.Hosting.Streams;

/// <summary>Outputs of a subscription, as this node has applied them.</summary>
/// <param name="Outcome">Of the read.</param>
/// <param name="Refusal">Why there was none.</param>
/// <param name="Position">The last entry that is in it; <see cref="LogPosition.Zero"/> where the node has not come to the place in time.</param>
/// <param name="Outputs">The outputs in order; empty where there is nothing new, null where the job has not begun.</param>
internal readonly record struct SinkLook(Outcome Outcome, Refusal Refusal, LogPosition Position, IReadOnlyList<SinkOutput>? Outputs);

/// <summary>
/// Pages of subscriptions that somebody else keeps, who asks again for each. One counts among the watches of the node while it waits, and leaves nothing here. Any thread.
/// </summary>
internal sealed class SinkPages(NodeHandle handle, StreamJobs jobs, TimeProvider time)
{
    /// <summary>Whoever has all that there is looks no more often: under load a page then has what came in so long.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    /// <summary>The outputs from a sequence on, as soon as there are any; none after <paramref name="wait"/>.</summary>
    public async ValueTask<SinkLook> NextAsync(string job, string sink, long from, int limit, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (handle.Running is not { } running)
            return new(Outcome.Rejected, Refusal.Stopped, default, null);
        if (!running.Counters.Watches.TryEnter())
            return new(Outcome.Rejected, Refusal.Overloaded, default, null);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(wait);
            var position = LogPosition.Zero;
            while (true)
            {
                var asked = time.GetTimestamp();
                var look = await jobs.LookAsync(job, sink, from, limit, position == LogPosition.Zero ? default : new(position.Index.Value + 1), patience.Token);
                if (look.Outcome == Outcome.Applied)
                {
                    if (look.Outputs is not { Count: 0 })
                        return look;
                    position = look.Position;
                }
                else if (cancellationToken.IsCancellationRequested || !patience.IsCancellationRequested)
                {
                    return look;
                }

                if (patience.IsCancellationRequested)
                    return new(Outcome.Applied, Refusal.None, position, []);
                var rest = Pace - time.GetElapsedTime(asked);
                if (rest > TimeSpan.Zero)
                    await Task.Delay(rest, time, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            running.Counters.Watches.Leave();
        }
    }
}
