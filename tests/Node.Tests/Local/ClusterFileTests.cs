using System.Net;
using System.Net.Sockets;
using RaftStream.Node.Commands;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Local;

[TestFixture]
internal sealed class ClusterFileTests
{
    [Test]
    public void AClusterComesBackAsItWas()
    {
        using var folder = new TemporaryFolder();
        var written = ClusterFile.Create(3, basePort: 20_000);
        written.Write(folder.Path);

        var read = ClusterFile.Read(folder.Path);

        Assert.That(read, Is.Not.Null);
        Assert.That(read!.ClusterId, Is.EqualTo(written.ClusterId));
        Assert.That(read.Members, Is.EqualTo("1=127.0.0.1:20000,2=127.0.0.1:20001,3=127.0.0.1:20002"));
        Assert.That(read.Nodes[2].HttpAddress, Is.EqualTo("http://127.0.0.1:20005"));
    }

    [Test]
    public void AnEmptyOrMissingFolderHasNoCluster()
    {
        using var folder = new TemporaryFolder();

        Assert.That(ClusterFile.Read(folder.Path), Is.Null);
        Assert.That(ClusterFile.Read(folder.File("missing")), Is.Null);
    }

    [TestCase("null")]
    [TestCase("{}")]
    [TestCase("""{"clusterId":"a","nodes":[]}""")]
    [TestCase("""{"clusterId":"a","nodes":7}""")]
    public void AFileThatNamesNoClusterIsDamaged(string text)
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.json", text);

        Assert.That(() => ClusterFile.Read(folder.Path), Throws.InstanceOf<UsageException>().With.Message.Contains("damaged"));
    }

    [Test]
    public void PortsThatAreFoundAreDifferentAndCanBeListenedAt()
    {
        var ports = Ports.Find(10);

        Assert.That(ports, Is.Unique);
        foreach (var port in ports)
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            Assert.That(listener.Start, Throws.Nothing);
        }
    }
}
