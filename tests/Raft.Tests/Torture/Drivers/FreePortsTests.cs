using System.Net;
using System.Net.Sockets;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>Labs side by side, which must not take each other's ports.</summary>
internal sealed class FreePortsTests
{
    private static readonly List<FreePorts> Claims = [];

    [OneTimeTearDown]
    public void GiveBack() => Claims.ForEach(static ports => ports.Dispose());

    [Test]
    public void A_port_is_one_labs_alone_until_it_gives_it_back_though_nobody_listens_at_it()
    {
        using var folder = new TemporaryFolder();
        var range = FreeRange();
        using var first = new FreePorts(folder.Path, range, range + 1);
        using var second = new FreePorts(folder.Path, range, range + 1);
        Assert.That(first.Take(), Is.EqualTo(range));
        var refused = Assert.Throws<InvalidOperationException>(() => second.Take());
        Assert.That(refused!.Message, Does.StartWith($"No free port was found between {range} and {range} on this machine"));
        Assert.Throws<InvalidOperationException>(() => first.Take(), "Nor does a lab get one twice.");

        first.Dispose();
        Assert.That(second.Take(), Is.EqualTo(range));
    }

    [Test]
    public void A_port_that_is_in_use_is_skipped_and_not_claimed()
    {
        using var folder = new TemporaryFolder();
        var range = FreeRange();
        using var ports = new FreePorts(folder.Path, range, range + 1);
        using (var user = new TcpListener(IPAddress.Loopback, range))
        {
            user.Start();
            Assert.Throws<InvalidOperationException>(() => ports.Take());
        }
        Assert.That(ports.Take(), Is.EqualTo(range));
    }

    [Test]
    public void What_a_lab_that_was_killed_has_left_is_no_claim()
    {
        using var folder = new TemporaryFolder();
        var range = FreeRange();
        File.WriteAllText(Path.Combine(folder.Path, $"{range}"), "");
        using var ports = new FreePorts(folder.Path, range, range + 1);
        Assert.That(ports.Take(), Is.EqualTo(range));
    }

    [Test]
    public void Two_labs_that_take_many_never_get_the_same()
    {
        using var first = new FreePorts();
        using var second = new FreePorts();
        var taken = Enumerable.Range(0, 500).SelectMany(_ => new[] { first.Take(), second.Take() }).ToList();
        Assert.That(taken, Is.Unique);
    }

    /// <summary>A port that is free, to be claimed in a folder of the test's own; the claim in the folder for all keeps other tests away from it.</summary>
    private static int FreeRange()
    {
        var ports = new FreePorts();
        Claims.Add(ports);
        return ports.Take();
    }
}
