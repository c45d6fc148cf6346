using System.Net;
using RaftStream.Node.Commands;
using RaftStream.Node.Hosting;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Hosting;

[TestFixture]
internal sealed class NodeSettingsTests
{
    private const string ThreeMembers = "1=127.0.0.1:5001,2=node-b.example:5002,3=[::1]:5003";

    private static readonly Dictionary<string, string?> NoFlags = new(StringComparer.Ordinal);

    private static NodeOptions Good() => new() { Id = "2", Cluster = ThreeMembers, Data = "data" };

    [Test]
    public void TheDefaultsAreThoseOfTheManual()
    {
        var program = ProgramSettings.From(Good());
        var settings = program.Node;

        Assert.That(settings.Id, Is.EqualTo(new NodeId(2)));
        Assert.That(program.Http.Port, Is.EqualTo(8080));
        Assert.That(settings.ElectionTimeout, Is.EqualTo(TimeSpan.FromMilliseconds(300)));
        Assert.That(settings.Heartbeat, Is.EqualTo(TimeSpan.FromMilliseconds(50)));
        Assert.That(settings.SnapshotAfterBytes, Is.EqualTo(16L * 1024 * 1024));
        Assert.That((settings.OutboxCommands, settings.OutboxBytes), Is.EqualTo((16_384, 16L * 1024 * 1024)));
        Assert.That(Path.IsPathFullyQualified(settings.Data));
    }

    [Test]
    public void AShortElectionTimeoutBringsItsOwnHeartbeat()
    {
        var options = Good();
        options.ElectionTimeoutMs = "90";

        Assert.That(ProgramSettings.From(options).Node.Heartbeat, Is.EqualTo(TimeSpan.FromMilliseconds(30)));
    }

    [Test]
    public void AListOfMembersIsReadWhateverItsOrderAndBlanks()
    {
        var members = MemberList.Parse("3=[::1]:5003, 1=127.0.0.1:5001 ,2=node-b.example:5002");

        Assert.That(MemberList.Format(members), Is.EqualTo(ThreeMembers));
    }

    [Test]
    public void ClustersAreToldApartByNameOrElseByTheirMembers()
    {
        var members = MemberList.Parse(ThreeMembers);
        var others = MemberList.Parse("1=127.0.0.1:5001");

        Assert.That(MemberList.ClusterGuid("a", members), Is.EqualTo(MemberList.ClusterGuid("a", others)));
        Assert.That(MemberList.ClusterGuid("a", members), Is.Not.EqualTo(MemberList.ClusterGuid("b", members)));
        Assert.That(MemberList.ClusterGuid(null, members), Is.Not.EqualTo(MemberList.ClusterGuid(null, others)));
    }

    [TestCase("1=h:1,2", "member")]
    [TestCase("", "member")]
    [TestCase("x=h:1", "id")]
    [TestCase("65536=h:1", "id")]
    [TestCase("1=::1:80", "brackets")]
    [TestCase("1=h:0", "port")]
    [TestCase("1=h:-1", "port")]
    [TestCase("1=:80", "host:port")]
    [TestCase("1=a b:80", "host:port")]
    [TestCase("1=a:1,2=a:2,3=a:3,4=a:4,5=a:5,6=a:6,7=a:7,8=a:8,9=a:9,10=a:10", "10 members")]
    public void AListOfMembersThatIsNoneIsRefusedWithItsReason(string text, string named)
    {
        Assert.That(() => MemberList.Parse(text), Throws.InstanceOf<UsageException>().With.Message.Contains(named));
    }

    [Test]
    public void TheValidatorOfTheHostSaysTheSame()
    {
        var bad = Good();
        bad.HeartbeatMs = "101";

        var result = new NodeOptionsValidator().Validate(null, bad);

        Assert.That(result.Failed);
        Assert.That(result.FailureMessage, Does.Contain("a third"));
        Assert.That(new NodeOptionsValidator().Validate(null, Good()).Succeeded);
    }

    [Test]
    public void FlagsGoBeforeTheEnvironmentAndThatBeforeTheFile()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", """{"id":1,"cluster":"from-file","data":"from-file","heartbeatMs":"7"}""");
        var flags = new Dictionary<string, string?>(StringComparer.Ordinal) { ["id"] = "3", ["cluster"] = null };
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["RAFTSTREAM_ID"] = "2", ["RAFTSTREAM_CLUSTER"] = "from-environment" };

        var merged = NodeConfiguration.Load(flags, name => environment.GetValueOrDefault(name), file);

        Assert.That(merged["id"], Is.EqualTo("3"));
        Assert.That(merged["cluster"], Is.EqualTo("from-environment"));
        Assert.That(merged["data"], Is.EqualTo("from-file"));
        Assert.That(merged["heartbeatMs"], Is.EqualTo("7"));
        Assert.That(merged["http"], Is.Null);
    }

    [Test]
    public void TheEnvironmentMayNameTheFile()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", """{"id":5}""");

        var merged = NodeConfiguration.Load(NoFlags, name => name == "RAFTSTREAM_CONFIG" ? file : null, file: null);

        Assert.That(merged["id"], Is.EqualTo("5"));
    }

    [TestCase("[1]", "object")]
    [TestCase("""{"id":true}""", "text or a number")]
    [TestCase("""{"id":1""", "damaged at line 1")]
    [TestCase("", "damaged")]
    public void AConfigurationThatIsNoneIsRefused(string text, string named)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", text);

        Assert.That(
            () => NodeConfiguration.Load(NoFlags, _ => null, file),
            Throws.InstanceOf<UsageException>().With.Message.Contains(named).And.Message.Contains(file));
    }

    [Test]
    public void AHugeConfigurationIsNotRead()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("node.json", new string(' ', NodeConfiguration.MaxFileBytes + 1));

        Assert.That(() => NodeConfiguration.Load(NoFlags, _ => null, file), Throws.InstanceOf<UsageException>().With.Message.Contains("larger"));
    }

    [Test]
    public void ANodeThatJoinsBelongsToTheClusterThatItNamesOrWhoseFirstMembersItNames()
    {
        var joining = new NodeOptions { Id = "4", Join = "true", Listen = "node-d:5004", Data = "data", ClusterId = "a" };
        var settings = ProgramSettings.From(joining).Node;
        Assert.That((settings.Join, MemberList.Format(settings.Members)), Is.EqualTo((true, "4=node-d:5004")));
        Assert.That(settings.ClusterId, Is.EqualTo(MemberList.ClusterGuid("a", settings.Members)));

        (joining.ClusterId, joining.Cluster, joining.Incarnation) = (null, ThreeMembers, "2");
        settings = ProgramSettings.From(joining).Node;
        Assert.That((settings.ClusterId, settings.Incarnation), Is.EqualTo((ProgramSettings.From(Good()).Node.ClusterId, 2u)));
    }

    [Test]
    public void ANodeListensWhereOthersDialItUnlessItIsToldOtherwise()
    {
        var options = Good();
        Assert.That(ProgramSettings.From(options).Node.Listen, Is.EqualTo(new DnsEndPoint("node-b.example", 5002)));

        (options.Listen, options.AdvertiseHttp) = ("0.0.0.0:7001", "node-b.example:80");
        var settings = ProgramSettings.From(options).Node;
        Assert.That((settings.Listen, settings.AdvertiseHttp), Is.EqualTo((new DnsEndPoint("0.0.0.0", 7001), "http://node-b.example:80")));
        Assert.That((settings.Members, settings.ClusterId), Is.EqualTo((ProgramSettings.From(Good()).Node.Members, ProgramSettings.From(Good()).Node.ClusterId)));

        var joining = new NodeOptions { Id = "4", Join = "true", Listen = "0.0.0.0:7001", Advertise = "node-d:5004", Data = "data", ClusterId = "a" };
        settings = ProgramSettings.From(joining).Node;
        Assert.That((settings.Listen, MemberList.Format(settings.Members)), Is.EqualTo((new DnsEndPoint("0.0.0.0", 7001), "4=node-d:5004")));
    }

    [TestCase("false", "h:1", null, "--advertise is for a node that joins")]
    [TestCase("true", "0.0.0.0:1", null, "--advertise 0.0.0.0:1 is no address that others can dial")]
    [TestCase("true", null, "[::]:1", "--advertise-http [::]:1 is no address that others can dial")]
    [TestCase("true", null, "h:0", "--advertise-http has the address 'h:0'")]
    public void AnAddressForOthersThatIsOfNoUseToThemIsRefused(string join, string? advertise, string? http, string told)
    {
        var options = new NodeOptions { Id = "2", Join = join, Cluster = ThreeMembers, Listen = "h:1", Advertise = advertise, AdvertiseHttp = http, Data = "data" };

        Assert.That(() => ProgramSettings.From(options), Throws.InstanceOf<UsageException>().With.Message.Contains(told));
    }

    [TestCase("true", null, "a", null, "--listen is missing")]
    [TestCase("true", "h:1", null, null, "--cluster-id is missing")]
    [TestCase("false", null, null, "1", "--incarnation is for a node that joins")]
    [TestCase("perhaps", null, null, null, "neither true nor false")]
    public void FlagsForJoiningThatDoNotFitAreRefused(string join, string? listen, string? name, string? incarnation, string told)
    {
        var options = new NodeOptions { Id = "4", Join = join, Listen = listen, ClusterId = name, Incarnation = incarnation, Data = "data" };

        Assert.That(() => ProgramSettings.From(options), Throws.InstanceOf<UsageException>().With.Message.Contains(told));
    }

    [Test]
    public void AnOutboxHoldsWhatItIsToldTo()
    {
        var options = Good();
        (options.OutboxCommands, options.OutboxBytes) = ("1", "1073741824");
        var settings = ProgramSettings.From(options).Node;
        Assert.That((settings.OutboxCommands, settings.OutboxBytes), Is.EqualTo((1, 1_073_741_824L)));
    }

    [TestCase("0", null, "--outbox-commands '0' is not a number from 1 to 1048576.")]
    [TestCase("1048577", null, "--outbox-commands '1048577' is not a number from 1 to 1048576.")]
    [TestCase(null, "65535", "--outbox-bytes '65535' is not a number from 65536 to 1073741824.")]
    [TestCase(null, "much", "--outbox-bytes 'much' is not a number from 65536 to 1073741824.")]
    public void AnOutboxThatIsOutOfRangeIsRefused(string? commands, string? bytes, string told)
    {
        var options = Good();
        (options.OutboxCommands, options.OutboxBytes) = (commands, bytes);

        Assert.That(() => ProgramSettings.From(options), Throws.InstanceOf<UsageException>().With.Message.EqualTo(told));
    }

    [Test]
    public void TlsNeedsAllThreeFiles()
    {
        var options = Good();
        options.TlsCert = "node.pem";
        Assert.That(() => ProgramSettings.From(options), Throws.InstanceOf<UsageException>().With.Message.Contains("--tls-key is missing"));

        (options.TlsKey, options.TlsCa) = ("node.key", "ca.pem");
        Assert.That(ProgramSettings.From(options).Node.Tls, Is.EqualTo(new PeerTlsOptions { CertificateFile = "node.pem", KeyFile = "node.key", AuthorityFile = "ca.pem" }));
    }
}
