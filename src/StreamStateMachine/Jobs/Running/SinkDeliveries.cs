using Microsoft.Extensions.Logging;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Hands on what sinks send out, while this node leads: a task for each sink, ended with the term. Whoever leads is known to all, so no lease is needed, and the next one goes on where the log says.
/// </summary>
internal sealed class SinkDeliveries(RaftNode node, Propose propose, DeliveryMeans means, Func<Job, JobFigures> figuresOf, ILogger logger) : IAsyncDisposable
{
    private readonly Dictionary<(string Job, string Sink), SinkDelivery> _tasks = [];

    /// <summary>Begins what is to be done at this node now, and ends the rest.</summary>
    public async Task FollowAsync(List<(Job Job, JobStatus? Status)> statuses)
    {
        var leading = node.Status;
        foreach (var (key, task) in _tasks.ToList())
        {
            if (leading.IsReady && task.Epoch == leading.Term.Value && !task.IsOver)
                continue;
            _tasks.Remove(key);
            await task.DisposeAsync().ConfigureAwait(false);
        }

        if (!leading.IsReady)
            return;
        foreach (var (job, status) in statuses)
        {
            foreach (var sink in job.Sinks)
            {
                if (status is not null && sink.Outlet is { } outlet && !_tasks.ContainsKey((job.Name, sink.Name)))
                    _tasks.Add((job.Name, sink.Name), new(new(job, sink, outlet), leading.Term.Value, node, propose, means, figuresOf(job), logger));
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var task in _tasks.Values)
            await task.DisposeAsync().ConfigureAwait(false);
        _tasks.Clear();
    }
}
