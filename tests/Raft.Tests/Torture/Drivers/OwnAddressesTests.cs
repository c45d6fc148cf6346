using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using RaftStream.Raft.Tests.Io;
using RaftStream.Raft.Tests.Runtime;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>Nodes whose operators know the members by other addresses, each by its own: what stands between them is a proxy for each pair.</summary>
internal sealed class OwnAddressesTests
{
    /// <summary>
    /// The entry that forms a cluster holds the addresses that one node was given. Were the others to dial by those, they would pass through its
    /// proxies, and lose each other when it is cut off.
    /// </summary>
    [Test]
    public async Task Nodes_that_form_a_cluster_go_on_dialling_each_other_where_their_own_operators_say()
    {
        using var folder = new TemporaryFolder();
        var ports = new FreePorts();
        await using var net = new ProxyNet(ports, seed: 1);
        int[] ids = [1, 2, 3];
        var places = ids.ToDictionary(static id => id, _ => new IPEndPoint(IPAddress.Loopback, ports.Take()));
        var nodes = new Dictionary<int, RaftNode>();
        try
        {
            foreach (var id in ids)
            {
                net.Set(id, NodeLife.Ready);
                nodes.Add(id, await RaftNode.StartAsync(OptionsOf(id), new SumMachine(), NullLoggerFactory.Instance));
            }
            await ProxyRig.UntilAsync(() => nodes.Values.Any(static node => node.Status.IsReady), "a node leads");
            var (leader, first) = nodes.First(static node => node.Value.Status.IsReady);
            Assert.That((await first.ProposeAsync(SumMachine.Add(1))).Outcome, Is.EqualTo(Outcome.Applied));
            await ProxyRig.UntilAsync(() => nodes.Values.All(node => node.Status.Commit == first.Status.Commit), "all know of the members");

            foreach (var other in ids.Where(id => id != leader))
            {
                net.Set(new Link(leader, other), new LinkFault { Drops = true });
                net.Set(new Link(other, leader), new LinkFault { Drops = true });
            }
            await ProxyRig.UntilAsync(() => nodes.Any(node => node.Key != leader && node.Value.Status.IsReady), "one of the others leads");
            Assert.That(net.Touched, Is.Positive);
        }
        finally
        {
            foreach (var node in nodes.Values)
                await node.DisposeAsync();
        }

        RaftNodeOptions OptionsOf(int self) => new()
        {
            Id = new NodeId(self),
            Members = ids.ToDictionary(static id => new NodeId(id), id => Reach(self, id)),
            Listen = new DnsEndPoint(places[self].Address.ToString(), places[self].Port),
            ClusterId = new Guid("5f0a8f6e-2f63-4a76-b3b6-1d3a3f0f7c12"),
            DataFolder = Path.Combine(folder.Path, $"node-{self}"),
        };

        DnsEndPoint Reach(int self, int other)
        {
            // By its own address nobody reaches a node but through a proxy, either.
            var place = IPEndPoint.Parse(net.Address(new Link(other == self ? Link.Clients : self, other), "raft", places[other]));
            return new DnsEndPoint(place.Address.ToString(), place.Port);
        }
    }
}
