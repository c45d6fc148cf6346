using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

public sealed class PeerTlsTests
{
    private string _folder = "";
    private TestAuthority _authority = null!;

    [SetUp]
    public void MakeAuthority()
    {
        _folder = Directory.CreateTempSubdirectory("raftstream-").FullName;
        _authority = new(_folder);
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Nodes_whose_certificates_name_them_exchange_frames_on_every_lane()
    {
        var members = Loopback.Members(3);
        await using var first = await StartAsync(1, members, _authority.Issue(1));
        await using var second = await StartAsync(2, members, _authority.Issue(2, uri: "spiffe://cluster/node-2"));
        await using var third = await StartAsync(3, members, _authority.Issue(3, isIndirect: true));
        Station[] stations = [first, second, third];
        foreach (var station in stations)
        {
            foreach (var other in stations.Where(other => other != station))
            {
                await station.ConnectedAsync(other.Options.Node.Value);
                foreach (var lane in Enum.GetValues<Lane>())
                    Assert.That(station.Send(other.Options.Node.Value, lane, Loopback.NumberedFrame((byte)lane, 1, 50_000)), Is.True);
            }
        }

        foreach (var station in stations)
        {
            await Wait.UntilAsync(() => station.Sink.Count == 6, $"node {station.Options.Node} has every frame");
            foreach (var (_, frame) in station.Sink.Frames)
                Assert.That(frame, Is.EqualTo(Loopback.NumberedFrame(frame[0], 1, 50_000)));
        }
    }

    [Test]
    public async Task A_certificate_of_another_authority_is_refused_and_both_sides_say_so()
    {
        var members = Loopback.Members(2);
        await using var first = await StartAsync(1, members, _authority.Issue(1));
        await using var second = await StartAsync(2, members, new TestAuthority(_folder, "strangers").Issue(2));
        await Wait.UntilAsync(() => first.Logger.HasWarning("no TLS connection could be set up: the other side's certificate is not accepted"), "the dialled side says so");
        await Wait.UntilAsync(() => first.Logger.HasWarning("cannot reach node 2") && first.Logger.HasWarning("the other side's certificate is not accepted"), "the dialling side says so");
        Assert.That(first.Transport.Connected(new(2), Lane.Control), Is.False);
        Assert.That(second.Transport.Connected(new(1), Lane.Control), Is.False);
    }

    [Test]
    public async Task A_certificate_that_names_another_node_is_refused_in_either_direction()
    {
        var members = Loopback.Members(2);
        await using var first = await StartAsync(1, members, _authority.Issue(1));
        using var client = await Loopback.DialAsync(first.Address);
        await using var stream = await AuthenticateAsync(client.GetStream(), _authority.Issue(3));
        var answer = await GreetAsync(stream, Handshake.Greeting(Station.OptionsOf(2, members).Identity, new(1), Lane.Control));
        Assert.That(answer.Refusal, Is.EqualTo(HandshakeRefusal.OtherName));
        await Wait.UntilAsync(() => first.Logger.HasWarning("the certificate of one node does not name it"), "the log says so");
    }

    [Test]
    public async Task Without_a_certificate_nobody_gets_as_far_as_a_greeting()
    {
        var members = Loopback.Members(2);
        await using var first = await StartAsync(1, members, _authority.Issue(1));
        using var client = await Loopback.DialAsync(first.Address);
        await using var stream = await AuthenticateAsync(client.GetStream(), files: null);
        Assert.That(
            async () => await GreetAsync(stream, Handshake.Greeting(Station.OptionsOf(2, members).Identity, new(1), Lane.Control)),
            Throws.InstanceOf<IOException>());
        await Wait.UntilAsync(() => first.Logger.HasWarning("the other side showed no certificate"), "the log says why");
    }

    [Test]
    public async Task A_plain_node_and_a_node_with_tls_say_in_one_sentence_what_is_wrong()
    {
        var members = Loopback.Members(2);
        await using var secured = await StartAsync(1, members, _authority.Issue(1));
        await using var plain = await Station.StartAsync(2, members);
        await Wait.UntilAsync(() => plain.Logger.HasWarning("refused node 2 on the Control lane: one of the nodes takes only TLS and the other speaks without"), "the plain dialler knows");
        await Wait.UntilAsync(() => secured.Logger.HasWarning("which says that it is node 2: one of the nodes takes only TLS"), "the secured node knows");
        await Wait.UntilAsync(() => plain.Logger.HasWarning("the dialling node speaks TLS and the dialled one has no certificates"), "the plain node knows");
        await Wait.UntilAsync(() => secured.Logger.HasWarning("Node 1 cannot reach node 2"), "the secured dialler sees its connection end");
        Assert.That(secured.Transport.Connected(new(2), Lane.Control), Is.False);
        Assert.That(plain.Transport.Connected(new(1), Lane.Control), Is.False);
    }

    [Test]
    public async Task New_files_are_used_for_new_connections_and_old_connections_are_renewed()
    {
        var members = Loopback.Members(2);
        var files = _authority.Issue(1);
        await using var second = await StartAsync(2, members, _authority.Issue(2));
        await using var first = await Station.StartAsync(Station.OptionsOf(1, members) with { Tls = files, RenewAfter = TimeSpan.FromSeconds(1) });
        await first.ConnectedAsync(2);
        var serial = _authority.Renew(files, 1);
        await Wait.UntilAsync(() => first.Transport.Counts.Rotations == 1, "the new files were noticed when a connection was renewed");
        Assert.That(await SerialAsync(first.Address), Is.EqualTo(serial));
        await first.ConnectedAsync(2);
        Assert.That(first.Logger.Warnings, Is.Empty, "renewing is no trouble");
    }

    [Test]
    public async Task A_half_written_file_leaves_the_old_certificate_in_force_and_costs_one_sentence()
    {
        var members = Loopback.Members(1);
        var files = _authority.Issue(1);
        var time = new SteppedTime();
        await using var first = await Station.StartAsync(Station.OptionsOf(1, members) with { Tls = files, Time = time });
        var serial = await SerialAsync(first.Address);
        var whole = await File.ReadAllTextAsync(files.CertificateFile);
        await File.WriteAllTextAsync(files.CertificateFile, whole[..(whole.Length / 3)]);
        for (var look = 0; look < 3; look++)
        {
            time.Step(PeerCertificates.CheckEvery);
            Assert.That(await SerialAsync(first.Address), Is.EqualTo(serial));
        }

        Assert.That(first.Logger.Warnings.Count(line => line.StartsWith("Node 1 keeps its old certificate. The file", StringComparison.Ordinal)), Is.EqualTo(1));
        var next = _authority.Renew(files, 1);
        Assert.That(await SerialAsync(first.Address), Is.EqualTo(serial), "not before the next look");
        time.Step(PeerCertificates.CheckEvery);
        Assert.That(await SerialAsync(first.Address), Is.EqualTo(next));
        Assert.That(first.Transport.Counts.Rotations, Is.EqualTo(1));
    }

    [Test]
    public async Task A_certificate_that_runs_out_is_told_once()
    {
        var time = new SteppedTime();
        await using var first = await Station.StartAsync(Station.OptionsOf(1, Loopback.Members(1)) with { Tls = _authority.Issue(1), Time = time });
        for (var day = 0; day < 3; day++)
        {
            time.Step(TimeSpan.FromDays(1));
            await SerialAsync(first.Address);
        }

        Assert.That(first.Logger.Warnings.Count(line => line.StartsWith("The certificate of node 1 in ", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task Damaged_tls_from_strangers_keeps_no_peer_out()
    {
        var members = Loopback.Members(2);
        await using var first = await StartAsync(1, members, _authority.Issue(1));
        var random = new Random(5);
        for (var count = 0; count < 100; count++)
        {
            using var stranger = await Loopback.DialAsync(first.Address);
            var opening = new byte[random.Next(1, 600)];
            random.NextBytes(opening);
            if (count % 2 == 0)
                "\u0016\u0003\u0001"u8[..Math.Min(3, opening.Length)].CopyTo(opening);
            await stranger.GetStream().WriteAsync(opening);
        }

        await using var second = await StartAsync(2, members, _authority.Issue(2));
        await second.ConnectedAsync(1);
        await Wait.UntilAsync(() => first.Transport.OpenIncoming == Frame.Lanes, "no stranger is left");
        Assert.That(first.Logger.HasWarning("closed by a fault of this program"), Is.False);
    }

    [Test]
    public async Task Certificates_of_no_use_are_told_at_the_start_with_place_and_mend()
    {
        var good = _authority.Issue(1);
        await RefusedAsync(good with { CertificateFile = Path.Combine(_folder, "none.pem") }, "The certificate file", "none.pem cannot be read");
        await RefusedAsync(good with { KeyFile = Path.Combine(_folder, "none.key") }, "The private key file", "none.key cannot be read");
        await RefusedAsync(good with { AuthorityFile = good.KeyFile }, "The file", "holds no whole certificate");
        await RefusedAsync(good with { KeyFile = _authority.Issue(1).KeyFile }, "The key in", "does not belong to the first certificate");
        await RefusedAsync(_authority.Issue(1, until: TimeSpan.FromHours(-1)), "The certificate in", "is not valid today");
        await RefusedAsync(_authority.Issue(2), "The certificate in", "does not name node 1: issue one that has node-1");
        await RefusedAsync(_authority.Issue(1, dnsName: "node-11"), "The certificate in", "does not name node 1");
        await RefusedAsync(_authority.Issue(1, isOnlyServer: true), "The certificate in", "is not for both ends of a connection");
        await RefusedAsync(good with { AuthorityFile = new TestAuthority(_folder, "others").AuthorityFile }, "The certificate in", "is not signed by an authority in");
    }

    private static async Task RefusedAsync(PeerTlsOptions files, string start, string part)
    {
        var options = Station.OptionsOf(1, Loopback.Members(1)) with { Tls = files };
        var refusal = await Assert.ThrowsAsync<ReplicaException>(() => Station.StartAsync(options));
        Assert.That(refusal!.Message, Does.StartWith(start).And.Contain(part).And.EndWith("."));
        Assert.That(refusal.Message, Does.Not.Contain("BEGIN"), "nothing of the files' content is told");
    }

    private static Task<Station> StartAsync(int node, Dictionary<NodeId, DnsEndPoint> members, PeerTlsOptions files) =>
        Station.StartAsync(Station.OptionsOf(node, members) with { Tls = files });

    private static async Task<SslStream> AuthenticateAsync(Stream plain, PeerTlsOptions? files)
    {
        var stream = new SslStream(plain);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "node-1",
            ClientCertificateContext = files is null ? null : SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile), null, offline: true),
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        });
        return stream;
    }

    private static async Task<Handshake> GreetAsync(Stream stream, Handshake greeting)
    {
        var bytes = new byte[Handshake.LargestSize];
        await stream.WriteAsync(bytes.AsMemory(0, greeting.Write(bytes)));
        await stream.ReadExactlyAsync(bytes.AsMemory(0, Handshake.LeastSize));
        Assert.That(Handshake.TryRead(bytes.AsSpan(0, Handshake.LeastSize), out var answer), Is.True, "a refusal has no addresses");
        return answer;
    }

    /// <summary>The serial number of the certificate that a node shows.</summary>
    private async Task<string> SerialAsync(DnsEndPoint address)
    {
        using var client = await Loopback.DialAsync(address);
        await using var stream = await AuthenticateAsync(client.GetStream(), _authority.Issue(9));
        using var certificate = X509CertificateLoader.LoadCertificate(stream.RemoteCertificate!.GetRawCertData());
        return certificate.SerialNumber;
    }

    /// <summary>A clock that goes on by hand only, from the time of its making.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public override DateTimeOffset GetUtcNow() => _start.AddTicks(GetTimestamp());

        public void Step(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
