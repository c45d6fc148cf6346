using System.Globalization;

namespace RaftStream.Testing;

/// <summary>Reads all of a job once nothing is under way any more: what every node has of each subscription, and the rows of its tables.</summary>
/// <param name="job">The job.</param>
/// <param name="system">Whom to ask.</param>
/// <param name="client">Who asks.</param>
/// <param name="timeout">How long one call may take.</param>
internal sealed class JobEnding(TortureJob job, IJobSystem system, LoadClient client, TimeSpan timeout)
{
    private const int CallsOfList = 5;

    /// <summary>The sum of rows that are numbers.</summary>
    public static long Sum(IReadOnlyList<(string Key, string Value)> rows) => rows.Sum(static row => long.Parse(row.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));

    /// <summary>What every node that is a member has of each subscription, from the first output on; all nodes are asked at once.</summary>
    public async Task<IReadOnlyList<JobList>> ListAsync(JobStands stands, CancellationToken end)
    {
        var members = await MembersAsync();
        return [.. (await Task.WhenAll(members.Select(node => ListAsync(node, stands, end)))).SelectMany(static lists => lists)];
    }

    /// <summary>The rows of each table that could be read.</summary>
    public async Task<IReadOnlyDictionary<int, IReadOnlyList<string>>> TablesAsync(CancellationToken end)
    {
        var tables = new Dictionary<int, IReadOnlyList<string>>();
        foreach (var place in job.Tables)
        {
            var told = new JobRowsTold(AnswerKind.Failed, []);
            while (told.Kind != AnswerKind.Ok && !end.IsCancellationRequested)
            {
                using var deadline = new CancellationTokenSource(timeout);
                told = await system.RowsAsync(client.Address, job.Name, JobSpec.NameOf(place), null, deadline.Token);
                if (told.Kind == AnswerKind.Ok)
                    tables[place] = [.. told.Rows.Select(static row => $"{row.Key}={row.Value}")];
                else
                    await client.MoveAsync(client.AnyNode());
            }
        }

        return tables;
    }

    private async Task<List<JobList>> ListAsync(int node, JobStands stands, CancellationToken end)
    {
        var lists = new List<JobList>();
        foreach (var sink in job.Subscriptions)
        {
            var listener = new JobListener(sink);
            var until = stands.Next.GetValueOrDefault(sink, 1);
            for (var turn = 0; turn < CallsOfList && listener.Next < until && !end.IsCancellationRequested; turn++)
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(end);
                limit.CancelAfter(timeout);
                await listener.ListenAsync(system, job.Name, node, client.AddressOf(node), until, limit.Token);
            }

            lists.Add(new(node, sink, [.. listener.Account.Stretches.SelectMany(static stretch => stretch.Told)]));
        }

        return lists;
    }

    private async Task<IReadOnlyList<int>> MembersAsync()
    {
        var views = await client.LookAtAllAsync();
        var voters = views.Values.Where(static view => view.IsLeader).MaxBy(static view => view.Term)?.Voters ?? [];
        return [.. views.Keys.Where(node => voters.Count == 0 || voters.Contains(node)).Order()];
    }
}
