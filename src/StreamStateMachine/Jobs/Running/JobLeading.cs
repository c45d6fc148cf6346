using System.Buffers;
using Microsoft.Extensions.Logging;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// What the node that leads does for all jobs: looks for partitions and makes them known before one of them is read, deals out leases, and lets log time pass where timers wait for it. A leader that was deposed and
/// does not know it does no harm: none of its commands is committed.
/// </summary>
internal sealed class JobLeading(RaftNode node, Propose propose, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, long> _lookedAt = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _tickedAt = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);

    /// <summary>Does what is to be done now.</summary>
    public async Task LeadAsync(List<(Job Job, JobStatus? Status)> statuses, CancellationToken cancellationToken)
    {
        foreach (var (job, status) in statuses)
        {
            await LookForPartitionsAsync(job, status, cancellationToken).ConfigureAwait(false);
            if (status is not null && (status.IsBehind || (status.NextLogTimer >= 0 && IsDue(job.Name))))
                await ProposeAsync(output => JobCommand.WriteTick(output, job), cancellationToken).ConfigureAwait(false);
        }

        await DealOutAsync(statuses, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Nobody knows here when log time comes to the next timer: a look now and then is a short command.</summary>
    private bool IsDue(string job)
    {
        var now = time.GetTimestamp();
        if (_tickedAt.TryGetValue(job, out var at) && time.GetElapsedTime(at, now) < TickEvery)
            return false;
        _tickedAt[job] = now;
        return true;
    }

    private async Task LookForPartitionsAsync(Job job, JobStatus? status, CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if (_lookedAt.TryGetValue(job.Name, out var at) && time.GetElapsedTime(at, now) < LookEvery)
            return;
        _lookedAt[job.Name] = now;
        foreach (var source in job.Sources)
        {
            try
            {
                var partitions = await source.ListPartitionsAsync(cancellationToken).ConfigureAwait(false);
                var known = status?.Partitions.Where(partition => string.Equals(partition.Source, source.Name, StringComparison.Ordinal)).Select(static partition => partition.Partition).ToHashSet(StringComparer.Ordinal) ?? [];
                var unknown = partitions.Where(partition => !known.Contains(partition)).ToList();
                if (status is null || unknown.Count > 0)
                    await ProposeAsync(output => JobCommand.WriteRegister(output, job, source.Number, unknown), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or SourceChangedException)
            {
                if (!_told.TryGetValue(job.Name, out var told) || !string.Equals(told, problem.Message, StringComparison.Ordinal))
                    logger.LogError("Job {Job} cannot list the partitions of {Source}: {Sentence}", job.Name, source.Name, _told[job.Name] = problem.Message);
            }
        }
    }

    private async Task DealOutAsync(List<(Job Job, JobStatus? Status)> statuses, CancellationToken cancellationToken)
    {
        var members = node.Status;
        var partitions = new List<LeasedPartition>();
        var hosts = new Dictionary<int, JobHost>();
        foreach (var (job, status) in statuses)
        {
            foreach (var host in status?.Hosts ?? [])
            {
                if (members.Members.Any(member => member.Id.Value == host.Node && (member.IsHeard || member.Id == members.Id)))
                    hosts[host.Node] = host;
            }

            foreach (var (source, partition, at) in status?.Partitions ?? [])
            {
                var number = job.Sources.First(candidate => string.Equals(candidate.Name, source, StringComparison.Ordinal)).Number;
                if (job.Sources[number].IsRead && at.Watermark < long.MaxValue)
                    partitions.Add(new(job.Name, number, partition, at.Holder, job.Options.Priority, job.Options.CpuCost, job.Options.MemoryCost));
            }
        }

        if (hosts.Count == 0)
            return;
        foreach (var (partition, to) in LeasePlan.Make(partitions, hosts.Values))
        {
            var job = statuses.Find(entry => string.Equals(entry.Job.Name, partition.Job, StringComparison.Ordinal)).Job;
            await ProposeAsync(output => JobCommand.WriteOpen(output, job, partition.Source, partition.Partition, to), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ProposeAsync(Action<IBufferWriter<byte>> write, CancellationToken cancellationToken)
    {
        var command = new ArrayBufferWriter<byte>();
        write(command);
        await propose(command.WrittenMemory, cancellationToken).ConfigureAwait(false);
    }
}
