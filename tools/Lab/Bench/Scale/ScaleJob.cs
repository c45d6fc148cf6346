using System.Globalization;
using System.Security.Cryptography;
using RaftStream.StreamStateMachine;

namespace RaftStream.Lab.Bench.Scale;

/// <summary>A job whose work lies before the log: of each generated record a digest is made, and one in 64 is counted by it, combined for each batch.</summary>
internal static class ScaleJob
{
    public const string Name = "scale";

    /// <summary>The table that reads ask for.</summary>
    public const string Table = "digests";

    private const int Rounds = 16;
    private const int Bytes = 1024;

    /// <param name="partitions">Partitions of the source.</param>
    /// <param name="recordsEach">Records of each; no end where null.</param>
    public static Job Build(int partitions, long? recordsEach)
    {
        var builder = new StreamBuilder(Name);
        builder.From("records", Sources.Generate(partitions, static (partition, number) => string.Create(CultureInfo.InvariantCulture, $"{partition} {number}"), count: recordsEach))
            .Map(static record => Digest(record))
            .Filter(static digest => digest % 64 == 0)
            .KeyBy(static digest => digest / 64 % 16)
            .Combined().Count(Table);
        return builder.Build();
    }

    /// <summary>Some ten microseconds of one core.</summary>
    private static int Digest(string record)
    {
        Span<byte> block = stackalloc byte[Bytes];
        block.Clear();
        System.Text.Encoding.UTF8.GetBytes(record, block);
        for (var round = 0; round < Rounds; round++)
            SHA256.HashData(block, block[..SHA256.HashSizeInBytes]);
        return BitConverter.ToUInt16(block);
    }
}
