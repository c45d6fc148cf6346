using RaftStream.Hosting.Http;
using RaftStream.Node.Local;

namespace RaftStream.Node.Tests.Support;

/// <summary>A cluster of real processes for one test or one fixture.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly TemporaryFolder _folder;

    private TestCluster(TemporaryFolder folder, LocalCluster local)
    {
        _folder = folder;
        Local = local;
    }

    /// <summary>The processes.</summary>
    public LocalCluster Local { get; }

    /// <summary>All nodes' addresses as <c>--server</c> takes them.</summary>
    public string Servers => string.Join(',', Local.Members.Select(member => member.Http));

    /// <summary>Starts that many nodes.</summary>
    public static async Task<TestCluster> StartAsync(int nodes)
    {
        var folder = new TemporaryFolder();
        try
        {
            var options = new LocalClusterOptions(nodes, folder.File("cluster"), BasePort: null, Temporary: true, OnError: null);
            return new TestCluster(folder, await LocalCluster.StartAsync(options, CancellationToken.None));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a node that leads, other than the one named.</summary>
    public async Task<StatusJson> LeaderAsync(int otherThan = 0)
    {
        StatusJson? leader = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                var statuses = await Local.StatusesAsync(CancellationToken.None);
                leader = statuses.Where(status => status is { Role: "leader", Ready: true } && status.Id != otherThan).MaxBy(status => status.Term);
                return leader is not null;
            },
            "a node leads",
            Limit);
        return leader!;
    }

    /// <summary>A node that does not lead.</summary>
    public async Task<LocalMember> FollowerAsync()
    {
        var leader = await LeaderAsync();
        return Local.Members.First(member => member.Id != leader.Id);
    }

    /// <summary>Waits until all nodes have applied the same index with the same state.</summary>
    public Task AgreeAsync() => Eventually.HoldsAsync(
        async () =>
        {
            var statuses = await Local.StatusesAsync(CancellationToken.None);
            return statuses.Count == Local.Members.Count && statuses.All(status => status.Applied == statuses[0].Applied && status.StateHash == statuses[0].StateHash);
        },
        "all nodes have the same state",
        Limit);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Local.DisposeAsync();
        _folder.Dispose();
    }
}
