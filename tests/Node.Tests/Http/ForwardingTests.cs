using System.Text;
using Microsoft.AspNetCore.Http;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>What nodes pass on to one another: whole and as it was, or not at all.</summary>
[TestFixture]
internal sealed class ForwardingTests : ClusterFixture
{
    private const string Answer = "The answer is 42.";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(CheckedFrames.MaxBytes)]
    [TestCase((2 * CheckedFrames.MaxBytes) + 1)]
    public async Task WhatGoesInComesOut(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        Assert.That(await ReadAsync(await FramesAsync(bytes)), Is.EqualTo(bytes));
    }

    [Test]
    public async Task NoBitCanFlipAndNoByteCanBeMissingUnseen()
    {
        var frames = await FramesAsync(Encoding.UTF8.GetBytes(Answer), Encoding.UTF8.GetBytes(Answer));
        for (var bit = 0; bit < frames.Length * 8; bit++)
        {
            var spoilt = (byte[])frames.Clone();
            spoilt[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(async () => await ReadAsync(spoilt), Throws.InstanceOf<SpoiltException>(), $"bit {bit}");
        }

        for (var length = 0; length < frames.Length; length++)
            Assert.That(async () => await ReadAsync(frames[..length]), Throws.InstanceOf<SpoiltException>(), $"{length} bytes");
    }

    [Test]
    public async Task NoFrameCanBeLostOrTakeAnothersPlace()
    {
        var one = (await FramesAsync(Encoding.UTF8.GetBytes("one")))[..(CheckedFrames.HeaderBytes + 3)];
        var both = await FramesAsync(Encoding.UTF8.GetBytes("one"), Encoding.UTF8.GetBytes("two"));
        var rest = both[one.Length..];
        Assert.That(async () => await ReadAsync(rest), Throws.InstanceOf<SpoiltException>(), "the first is missing");
        Assert.That(async () => await ReadAsync([.. one, .. one, .. rest]), Throws.InstanceOf<SpoiltException>(), "the first came twice");
    }

    [Test]
    public void AConnectionThatBreaksIsAFrameThatIsCutOff()
    {
        Assert.That(async () => await ReadAsync(new Broken()), Throws.InstanceOf<SpoiltException>().With.InnerException.InstanceOf<IOException>());
    }

    [Test]
    public async Task ARequestThatIsPassedOnIsServedAndAnsweredInFrames()
    {
        var leader = await LeaderAsync();
        var (status, headers, body) = await ForwardAsync(leader, await EnvelopeAsync("POST /v1/counters/passed%2Fon/add?delta=7", ""));
        Assert.That((status, headers.ContentType.ToString()), Is.EqualTo((200, "application/json; charset=utf-8")), body);
        Assert.That(headers[AnswerHeaders.Node].ToString(), Is.EqualTo($"{leader.Id}"));
        Assert.That((await SendAsync(leader, "GET", "/v1/counters/passed%2Fon")).Value, Is.EqualTo(7));
    }

    [Test]
    public async Task ASpoiltRequestIsRefusedAndNothingIsDone()
    {
        var leader = await LeaderAsync();
        var envelope = await EnvelopeAsync("POST /v1/counters/spoilt/add", """{"delta":16}""");
        for (var place = 0; place < envelope.Length; place += 7)
        {
            var spoilt = (byte[])envelope.Clone();
            spoilt[place] ^= 1;
            var (status, _, body) = await ForwardAsync(leader, spoilt);
            Assert.That(status, Is.EqualTo(503), $"byte {place}: {body}");
            Assert.That(body, Does.Contain("\"outcome\":\"rejected\"").And.Contain("spoilt"));
        }

        Assert.That((await SendAsync(leader, "GET", "/v1/counters/spoilt")).Value, Is.Zero);
    }

    [Test]
    public async Task WhatIsInAnEnvelopeHasTheLimitsThatItHasByItself()
    {
        var leader = await LeaderAsync();
        var (status, _, body) = await ForwardAsync(leader, await EnvelopeAsync("POST /v1/counters/large/add", new string(' ', RequestBodies.MaxBytes + 1)));
        Assert.That(status, Is.EqualTo(413), body);
        (status, _, body) = await ForwardAsync(leader, await EnvelopeAsync("POST " + ForwardInlet.Path, ""));
        Assert.That(status, Is.EqualTo(404), "an envelope in an envelope is nothing: " + body);
    }

    [Test]
    public async Task AnErrorComesThroughFromTheLeaderAsItIs()
    {
        var follower = await Cluster.FollowerAsync();
        await SendAsync(follower, "POST", "/v1/counters/full/add", $$"""{"delta":{{long.MaxValue}}}""");
        var declined = await SendAsync(follower, "POST", "/v1/counters/full/add");
        Assert.That((declined.Status, declined.Code, declined.MediaType), Is.EqualTo((422, "declined", "application/problem+json")));
    }

    private static async Task<byte[]> FramesAsync(params byte[][] parts)
    {
        using var stream = new MemoryStream();
        await using var writer = new CheckedWriter(stream);
        foreach (var part in parts)
            await writer.WriteAsync(part);
        await writer.EndAsync(CancellationToken.None);
        return stream.ToArray();
    }

    private static Task<byte[]> ReadAsync(byte[] frames) => ReadAsync(new MemoryStream(frames));

    private static async Task<byte[]> ReadAsync(Stream frames)
    {
        using var all = new MemoryStream();
        await using var reader = new CheckedReader(frames);
        await reader.CopyToAsync(all);
        return all.ToArray();
    }

    private static Task<byte[]> EnvelopeAsync(string first, string body) => FramesAsync(new EnvelopeHead(first, new HeaderDictionary()).ToBytes(), Encoding.UTF8.GetBytes(body));

    private async Task<LocalMember> LeaderAsync()
    {
        var leader = await Cluster.LeaderAsync();
        return Cluster.Local.Members.First(member => member.Id == leader.Id);
    }

    private async Task<(int Status, IHeaderDictionary Headers, string Body)> ForwardAsync(LocalMember node, byte[] envelope)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var response = await Http.PostAsync(HttpClients.Target(node.HttpAddress, ForwardInlet.Path), new ByteArrayContent(envelope), limit.Token);
        await using var frames = new CheckedReader(await response.Content.ReadAsStreamAsync(limit.Token));
        var head = await EnvelopeHead.ReadAsync(frames, limit.Token);
        using var text = new StreamReader(frames);
        return (int.Parse(head.First, null), head.Headers, await text.ReadToEndAsync(limit.Token));
    }

    /// <summary>A connection that is reset before the first byte.</summary>
    private sealed class Broken : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("reset");
    }
}
