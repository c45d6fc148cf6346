using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting;
using RaftStream.Node.Commands;
using RaftStream.Node.Local;
using RaftStream.Raft;

namespace RaftStream.Lab.Bench.Scale;

/// <summary>Nodes that run a job, all in this process: real disks, TCP and HTTP on loopback.</summary>
internal sealed class ScaleCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly List<WebApplication> _programs = [];

    /// <summary>Starts the nodes, and waits until one leads and all have taken records in.</summary>
    /// <exception cref="UndecidedException">They did not within half a minute.</exception>
    public static async Task<ScaleCluster> StartAsync(int nodes, int partitions, string folder, CancellationToken cancellationToken, long? recordsEach = null)
    {
        var ports = Ports.Find(nodes);
        var members = string.Join(',', Enumerable.Range(1, nodes).Select(id => string.Create(CultureInfo.InvariantCulture, $"{id}=127.0.0.1:{ports[id - 1]}")));
        var cluster = new ScaleCluster();
        try
        {
            for (var id = 1; id <= nodes; id++)
                await cluster.StartAsync(id, members, ScaleJob.Build(partitions, recordsEach), folder, cancellationToken);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            for (var place = 0; place < nodes; place++)
            {
                while (await cluster.RecordsAsync(place, patience.Token) == 0)
                    await Task.Delay(Poll, patience.Token);
            }

            return cluster;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await cluster.DisposeAsync();
            throw new UndecidedException($"The {nodes} nodes took no record in within {Patience.TotalSeconds:0} s: there are no figures.");
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the nodes that do not lead listen.</summary>
    public IReadOnlyList<Uri> Followers => [.. _programs.Where(static program => NodeOf(program).Status.Role != Role.Leader).Select(static program => new Uri(program.Urls.First()))];

    /// <summary>Who leads, and in which term.</summary>
    public (NodeId Leader, Term Term) Leadership => (NodeOf(_programs[0]).Status.Leader, NodeOf(_programs[0]).Status.Term);

    /// <summary>How many records of the source a node has applied.</summary>
    public async Task<long> RecordsAsync(int place, CancellationToken cancellationToken)
    {
        var query = new System.Buffers.ArrayBufferWriter<byte>();
        StreamStateMachine.JobQuery.WriteStatus(query, ScaleJob.Name);
        var answer = await NodeOf(_programs[place]).ReadLocalAsync(query.WrittenMemory, cancellationToken);
        return answer.Outcome == Outcome.Applied ? StreamStateMachine.JobStatus.Read(answer.Reply.Span)?.SourceRecords ?? 0 : 0;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var program in _programs)
        {
            await program.StopAsync(CancellationToken.None);
            await program.DisposeAsync();
        }
    }

    private static RaftNode NodeOf(WebApplication program) => program.Services.GetRequiredService<RaftStreamReplica>().Node;

    private async Task StartAsync(int id, string members, StreamStateMachine.Job job, string folder, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRaftStream(options =>
        {
            (options.Id, options.Members, options.Data) = (id, members, Path.Combine(folder, $"node-{id}"));
            options.Jobs.Add(job);
        });
        var program = builder.Build();
        program.MapRaftStream();
        _programs.Add(program);
        await program.StartAsync(cancellationToken);
    }
}
