using System.Buffers;
using System.Globalization;
using System.Text;
using RaftStream.Hosting.Resp;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Resp;

/// <summary>Commands as bytes, in one piece and in the smallest, within the limits and beyond them.</summary>
[TestFixture]
internal sealed class RespParserTests
{
    private static readonly string s_long = new('x', RespLimits.MaxBulk);

    [TestCase("*1\r\n$4\r\nPING\r\n", "PING")]
    [TestCase("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "ECHO|")]
    [TestCase("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n", "SET|k|a\r\nb")]
    [TestCase("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n", "PING")]
    [TestCase("\r\n\n  \r\nPING\r\n", "PING")]
    [TestCase("PING\nset a \"b c\"\r\n", "PING;set|a|b c")]
    [TestCase("set a \"\\x41\\n\\\"\" 'it\\'s' \"\"\r\n", "set|a|A\n\"|it's|")]
    [TestCase("*1\r\n$4\r\nPING\r\nPING x\r\n*1\r\n$4\r\nQUIT\r\n", "PING;PING|x;QUIT")]
    public void CommandsAreReadHoweverTheyAreCut(string bytes, string expected)
    {
        var all = Encoding.Latin1.GetBytes(bytes);
        for (var size = 1; size <= all.Length; size++)
            Assert.That(Read(all, size), Is.EqualTo((expected, default(string))), $"in pieces of {size} bytes");
    }

    [TestCase("*x\r\n", "invalid multibulk length")]
    [TestCase("*1048577\r\n", "invalid multibulk length")]
    [TestCase("*99999999999999999999\r\n", "invalid multibulk length")]
    [TestCase("*000000000000000000000000000000000000000", "too big multibulk count string")]
    [TestCase("*1\n", "invalid multibulk length")]
    [TestCase("*1\r\nPING\r\n", "expected '$', got 'P'")]
    [TestCase("*1\r\n$-1\r\n", "invalid bulk length")]
    [TestCase("*1\r\n$536870913\r\n", "invalid bulk length")]
    [TestCase("*1\r\n$000000000000000000000000000000000000000", "too big bulk count string")]
    [TestCase("*1\r\n$4\r\nPINGxx", "does not end where its length says")]
    [TestCase("set \"a\r\n", "unbalanced quotes")]
    [TestCase("set \"a\"b\r\n", "unbalanced quotes")]
    public void WhatIsNoCommandIsAProtocolError(string bytes, string expected)
    {
        var all = Encoding.Latin1.GetBytes(bytes);
        for (var size = 1; size <= all.Length; size++)
            Assert.That(Read(all, size).Error, Does.StartWith("Protocol error: ").And.Contain(expected), $"in pieces of {size} bytes");
    }

    [Test]
    public void ALineWithoutAnEndIsAnError() =>
        Assert.That(Read(Encoding.Latin1.GetBytes(new string('x', RespLimits.MaxInline + 1)), 4_096).Error, Is.EqualTo("Protocol error: too big inline request"));

    [Test]
    public void AnArgumentIsAsLongAsAValueMayBe()
    {
        Assert.That(Read(RespClient.Command("SET", "k", s_long), 1_000).Commands, Is.EqualTo($"SET|k|{s_long}"));
        Assert.That(Read([.. RespClient.Command("SET", "k", s_long + "x"), .. RespClient.Command("PING")], 1_000).Commands, Is.EqualTo("SET|k!ArgumentTooLong;PING"));
        Assert.That(Read([.. RespClient.Command(s_long + "x"), .. RespClient.Command("PING")], 1_000).Commands, Is.EqualTo("!ArgumentTooLong;PING"));
    }

    [Test]
    public void OfACommandThatIsTooLargeLittleIsKept()
    {
        var arena = new CommandArena();
        var parser = new RespParser(arena) { IsKnown = true };
        var chunk = new ReadOnlySequence<byte>(new byte[64 * 1024]);
        var head = new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n"));
        Assert.That(parser.Read(ref head, out _), Is.Null);
        for (var read = 0; read < 500_000_000 / (64 * 1024); read++)
        {
            var part = chunk;
            Assert.That(parser.Read(ref part, out _), Is.Null);
            Assert.That(part.Length, Is.Zero);
        }

        Assert.That(arena.CommandBytes, Is.LessThan(100));
    }

    [Test]
    public void ACommandHasSoManyArgumentsAndBytes()
    {
        var most = Enumerable.Repeat("k", RespLimits.MaxArguments).ToArray();
        Assert.That(Read(RespClient.Command(most), 1_000).Commands, Does.Not.Contain("!"));
        Assert.That(Read([.. RespClient.Command([.. most, "k"]), .. RespClient.Command("PING")], 1_000).Commands, Does.EndWith("!TooManyArguments;PING"));
        Assert.That(Read([.. RespClient.Command([.. Enumerable.Repeat(s_long, 17)]), .. RespClient.Command("PING")], 10_000).Commands, Does.EndWith("!TooLarge;PING"));
    }

    [Test]
    public void WhoIsNotKnownSendsLittle()
    {
        Assert.That(Read(RespClient.Command("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"), 10, isKnown: false).Error, Is.EqualTo("Protocol error: unauthenticated multibulk length"));
        Assert.That(Read(RespClient.Command("AUTH", new string('x', RespLimits.MaxBulkUnknown + 1)), 10, isKnown: false).Error, Is.EqualTo("Protocol error: unauthenticated bulk length"));
    }

    [Test]
    public void OfWhoIsNotKnownOneCommandIsReadAtATime()
    {
        var arena = new CommandArena();
        var buffer = new ReadOnlySequence<byte>([.. RespClient.Command("AUTH", "t"), .. RespClient.Command("PING")]);
        var parser = new RespParser(arena);
        Assert.That((parser.Read(ref buffer, out var isEnough), isEnough, arena.Count), Is.EqualTo((default(string), true, 1)));
        arena.Clear();
        parser.IsKnown = true;
        Assert.That((parser.Read(ref buffer, out isEnough), isEnough, arena.Count, buffer.Length), Is.EqualTo((default(string), false, 1, 0)));
    }

    [Test]
    public void ARoundEndsAndTheNextGoesOnInTheMiddleOfACommand()
    {
        var arena = new CommandArena();
        var parser = new RespParser(arena) { IsKnown = true };
        var bytes = Enumerable.Range(0, RespLimits.MaxPipeline + 5).SelectMany(static i => RespClient.Command("ECHO", i.ToString(CultureInfo.InvariantCulture))).ToArray();
        var rounds = 0;
        List<string> read = [];
        var buffer = new ReadOnlySequence<byte>(bytes);
        bool isEnough;
        do
        {
            Assert.That(parser.Read(ref buffer, out isEnough), Is.Null);
            Assert.That(arena.Count, Is.LessThanOrEqualTo(RespLimits.MaxPipeline));
            Add(arena, read);
            arena.Clear();
            rounds++;
        }
        while (isEnough);

        Assert.That((rounds, read.Count), Is.EqualTo((2, RespLimits.MaxPipeline + 5)));
        Assert.That(read.Select(static text => text[5..]), Is.EqualTo(Enumerable.Range(0, read.Count).Select(static i => i.ToString(CultureInfo.InvariantCulture))));
    }

    /// <summary>What was read, in pieces of so many bytes: arguments between bars, commands between semicolons, a fault behind an exclamation mark.</summary>
    private static (string Commands, string? Error) Read(byte[] bytes, int size, bool isKnown = true)
    {
        var arena = new CommandArena();
        var parser = new RespParser(arena) { IsKnown = isKnown };
        List<string> read = [];
        byte[] kept = [];
        string? error = null;
        for (var at = 0; at < bytes.Length && error is null; at += size)
        {
            kept = [.. kept, .. bytes.AsSpan(at, Math.Min(size, bytes.Length - at))];
            var buffer = new ReadOnlySequence<byte>(kept);
            bool isEnough;
            do
            {
                error = parser.Read(ref buffer, out isEnough);
                Add(arena, read);
                arena.Clear();
            }
            while (isEnough && error is null);
            kept = buffer.ToArray();
        }

        return (string.Join(';', read), error);
    }

    private static void Add(CommandArena arena, List<string> read)
    {
        for (var i = 0; i < arena.Count; i++)
        {
            var command = arena[i];
            var arguments = Enumerable.Range(0, command.Count).Select(place => Encoding.UTF8.GetString(command.Span(place)));
            read.Add(string.Join('|', arguments) + (command.Fault == RespFault.None ? "" : "!" + command.Fault));
        }
    }
}
