using System.Buffers;
using System.Text;
using RaftStream.Hosting.Resp;

namespace RaftStream.Node.Tests.Resp;

/// <summary>Answers in both versions, to the byte, and what COMMAND tells of the commands.</summary>
[TestFixture]
internal sealed class RespWriterTests
{
    [Test]
    public void BothVersionsAreWrittenToTheByte()
    {
        Assert.That(Written(2, All), Is.EqualTo("+OK\r\n-ERR two lines\r\n:-7\r\n$3\r\na\r\n\r\n$20\r\n-9223372036854775808\r\n$-1\r\n*2\r\n$1\r\nk\r\n:1\r\n$2\r\nhi\r\n*0\r\n"));
        Assert.That(Written(3, All), Is.EqualTo("+OK\r\n-ERR two lines\r\n:-7\r\n$3\r\na\r\n\r\n$20\r\n-9223372036854775808\r\n_\r\n%1\r\n$1\r\nk\r\n:1\r\n=6\r\ntxt:hi\r\n>0\r\n"));

        static void All(RespWriter writer)
        {
            writer.Simple("OK");
            writer.Error("ERR two\r\nlines");
            writer.Integer(-7);
            writer.Bulk("a\r\n"u8);
            writer.BulkNumber(long.MinValue);
            writer.Null();
            writer.Map(1);
            writer.Bulk("k");
            writer.Integer(1);
            writer.Verbatim("hi");
            writer.Push(0);
        }
    }

    [Test]
    public void WhatIsPendingIsCounted()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RespWriter(output);
        writer.Simple("OK");
        writer.Bulk("abc"u8);
        Assert.That(writer.Pending, Is.EqualTo(output.WrittenCount));
        writer.Taken();
        Assert.That(writer.Pending, Is.Zero);
    }

    [Test]
    public void EveryCommandIsFoundByItsNameWhateverItsCase()
    {
        foreach (var command in CommandTable.Commands)
        {
            Assert.That(CommandTable.Find(Encoding.ASCII.GetBytes(command.Name.ToUpperInvariant())), Is.SameAs(command));
            Assert.That(command.Keys.First == 0 || Math.Abs(command.Arity) > command.Keys.First, command.Name);
        }

        Assert.That(CommandTable.Commands.Select(static command => command.Name), Is.Unique.And.Ordered.Using((IComparer<string>)StringComparer.Ordinal));
        Assert.That(CommandTable.Find("flushall"u8), Is.Null);
        Assert.That(CommandTable.Find("g\u00e9t"u8), Is.Null);
        Assert.That(CommandTable.Find(new byte[1_000]), Is.Null);
    }

    private static string Written(int version, Action<RespWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(new(output) { Version = version });
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }
}
