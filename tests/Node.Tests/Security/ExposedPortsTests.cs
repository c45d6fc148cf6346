using System.Net;
using RaftStream.Hosting.Security;
using RaftStream.Node.Hosting;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Security;

/// <summary>A port that others can reach is not opened to everybody by an oversight.</summary>
[TestFixture]
internal sealed class ExposedPortsTests
{
    private static readonly ClientTlsOptions Tls = new() { CertificateFile = "a", KeyFile = "b" };

    [Test]
    public void OnlyTlsTogetherWithTokensOrAnAuthorityOpensAPortToOthers()
    {
        var (other, own) = (IPAddress.Parse("192.0.2.1"), IPAddress.Loopback);
        (ClientSecurity Security, bool IsInsecure)[] cases =
        [
            (new(), true), (new() { TokensFile = "t" }, true), (new() { Tls = Tls }, true),
            (new() { Tls = Tls, TokensFile = "t" }, false), (new() { Tls = Tls with { AuthorityFile = "c" } }, false),
        ];
        foreach (var (security, isInsecure) in cases)
        {
            Assert.That(ExposedPorts.IsInsecure(security, other), Is.EqualTo(isInsecure), $"{security}");
            Assert.That(ExposedPorts.IsInsecure(security, IPAddress.Any), Is.EqualTo(isInsecure), $"{security}");
            Assert.That(ExposedPorts.IsInsecure(security, own) || ExposedPorts.IsInsecure(security, IPAddress.IPv6Loopback), Is.False, $"{security}");
        }
    }

    [TestCase("--http")]
    [TestCase("--client")]
    public async Task TheProgramRefusesSuchAPortAndNamesTheMend(string flag)
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["node", "--id", "1", "--cluster", "1=127.0.0.1:5001", "--data", folder.File("data"), "--http", "127.0.0.1:0", flag, "0.0.0.0:1"];
        var result = await RaftStreamProgram.RunAsync([.. flag == "--http" ? arguments.Where((_, place) => place is not (7 or 8)) : arguments]);
        Assert.That((result.ExitCode, result.ErrorLines.Length), Is.EqualTo((64, 1)), result.Error);
        Assert.That(result.Error, Does.Contain(flag + " opens a port at 0.0.0.0").And.Contain("--client-tls-cert").And.Contain("--insecure-clients"));
    }

    [Test]
    public async Task WhereItIsWantedTheNodeStartsAndWarns()
    {
        using var folder = new TemporaryFolder();
        var port = RaftStream.Node.Local.Ports.Find(1)[0];
        await using var node = RaftStreamProgram.Start(["node", "--id", "1", "--cluster", $"1=127.0.0.1:{port}", "--data", folder.File("data"), "--http", "0.0.0.0:0", "--insecure-clients"]);
        Assert.That(await node.ReadLineAsync(TimeSpan.FromSeconds(60)), Does.StartWith("node 1 listens"));
        await node.SaysAsync("opens its port for clients at 0.0.0.0 to everybody who can reach it, without TLS and to everybody: --insecure-clients asks for that.", TimeSpan.FromSeconds(20));
    }

    [Test]
    public async Task TokensAreMadeListedAndRevokedByTheProgram()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("tokens");
        var made = await RaftStreamProgram.RunAsync(["token", "create", "--name", "shop", "--role", "write", "--file", file]);
        Assert.That((made.ExitCode, made.Output.Trim().Length), Is.EqualTo((0, 46)), made.Error);
        Assert.That(TokenFile.List(file).Select(static one => (one.Name, one.Role, Convert.ToHexStringLower(one.Hash))), Is.EqualTo(new[] { ("shop", AccessRole.Write, AccessToken.HashOf(made.Output.Trim())) }));
        Assert.That((await RaftStreamProgram.RunAsync(["token", "list", "--file", file])).Output.Trim(), Is.EqualTo("shop write"));
        var twice = await RaftStreamProgram.RunAsync(["token", "create", "--name", "shop", "--role", "read", "--file", file]);
        Assert.That((twice.ExitCode, twice.Output), Is.EqualTo((64, "")), twice.Error);
        Assert.That((await RaftStreamProgram.RunAsync(["token", "create", "--name", "x", "--role", "owner", "--file", file])).ExitCode, Is.EqualTo(64));
        Assert.That((await RaftStreamProgram.RunAsync(["token", "revoke", "--name", "shop", "--file", file])).ExitCode, Is.Zero);
        Assert.That((TokenFile.List(file), (await RaftStreamProgram.RunAsync(["token", "revoke", "--name", "shop", "--file", file])).ExitCode), Is.EqualTo((Array.Empty<TokenEntry>(), 64)));
        var secret = folder.File("secret");
        Assert.That((await RaftStreamProgram.RunAsync(["token", "secret", "--file", secret])).ExitCode, Is.Zero);
        Assert.That((File.ReadAllText(secret).Trim().Length >= NodeSecret.MinCharacters, (await RaftStreamProgram.RunAsync(["token", "secret", "--file", secret])).ExitCode), Is.EqualTo((true, 64)));
    }
}
