using System.CommandLine;
using System.Text.Json;
using RaftStream.Node.Local;

namespace RaftStream.Node.Commands;

/// <summary><c>raftstream cluster</c>: a cluster on this machine, a process a node, until a signal ends it with all of them.</summary>
internal static class ClusterCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private static readonly Option<int> Nodes = new("--nodes") { Description = $"How many nodes, 1 to {MemberList.MaxMembers}.", HelpName = "N", DefaultValueFactory = _ => 3 };

    private static readonly Option<string> Data = new("--data")
    {
        Description = "The folder of the cluster: an empty one, or that of an earlier run, which comes back as it was.",
        HelpName = "DIR",
        Required = true,
    };

    private static readonly Option<int?> BasePort = new("--base-port") { Description = "The first of four ports a node (default: free ones).", HelpName = "P" };

    public static Command Build()
    {
        var command = new Command("cluster", "Runs a whole cluster on this machine, for development and tests.") { Nodes, Data, BasePort, ClientCommand.Json };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var nodes = parsed.GetValue(Nodes);
        if (nodes is < 1 or > MemberList.MaxMembers)
            throw new UsageException($"--nodes {nodes} is not possible: give a number from 1 to {MemberList.MaxMembers}.");
        var basePort = parsed.GetValue(BasePort);
        if (basePort is < 1 || basePort + (nodes * ClusterFile.PortsANode) > 65_536)
            throw new UsageException($"--base-port {basePort} is not possible: {nodes * ClusterFile.PortsANode} ports from it on must lie between 1 and 65535.");

        // What the nodes say while they start becomes our own one sentence, should the start fail.
        var isReady = false;
        void Tell(int id, string line)
        {
            if (Volatile.Read(ref isReady))
                Console.Error.WriteLine($"node {id}: {line}");
        }

        var options = new LocalClusterOptions(nodes, parsed.GetRequiredValue(Data), basePort, Temporary: false, Tell);
        await using var cluster = await LocalCluster.StartAsync(options, stop);
        Volatile.Write(ref isReady, true);
        Announce(cluster, parsed.GetValue(ClientCommand.Json));
        await WatchAsync(cluster, stop);
        return ExitCodes.Fine;
    }

    private static void Announce(LocalCluster cluster, bool json)
    {
        var ready = new ReadyCluster([.. cluster.Members.Select(member => new ReadyNode(member.Id, cluster.Child(member.Id).Pid, member.HttpAddress, member.Raft, member.Client, member.Resp))]);
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(ready, LocalJson.Default.ReadyCluster));
        }
        else
        {
            foreach (var node in ready.Nodes)
                Console.Out.WriteLine($"node {node.Id}: clients at {string.Join(", ", new[] { node.Http, node.Client, node.Resp is null ? null : "redis://" + node.Resp }.Where(static address => address is not null))}, process {node.Pid}");
            Console.Out.WriteLine($"ready; try: raftstream add hello --server {cluster.Members[0].Http}   (Ctrl-C ends the cluster)");
        }
        Console.Out.Flush();
    }

    // A dead node is said and left dead: whoever kills nodes here wants to see what the others do.
    private static async Task WatchAsync(LocalCluster cluster, CancellationToken stop)
    {
        var alive = cluster.Running.ToHashSet();
        while (!stop.IsCancellationRequested)
        {
            // Ctrl-C reaches the nodes as well, perhaps a moment before us: a node is called dead at the second look.
            var seen = cluster.Running.ToHashSet();
            await Task.Delay(Poll, stop).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            if (stop.IsCancellationRequested)
                return;
            foreach (var id in alive.Except(seen).ToList())
            {
                alive.Remove(id);
                await Console.Error.WriteLineAsync($"raftstream: node {id} ended with exit code {cluster.Child(id).ExitCode}; the others go on.");
            }
        }
    }
}
