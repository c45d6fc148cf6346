namespace RaftStream.StreamStateMachine.Tests;

/// <summary>What tests of sources do again and again.</summary>
internal static class SourceReading
{
    /// <summary>The rest of a bounded partition.</summary>
    public static async Task<List<SourceRecord<T>>> ReadAllAsync<T>(this IStreamSource<T> source, string partition, SourcePosition from = default)
    {
        await using var reader = await source.OpenAsync(partition, from, CancellationToken.None);
        var records = new List<SourceRecord<T>>();
        while (await reader.ReadAsync(CancellationToken.None))
            records.Add(reader.Current);
        Assert.That(await reader.ReadAsync(CancellationToken.None), Is.False, "the end stays the end");
        return records;
    }

    /// <summary>The position behind that many records from the start.</summary>
    public static async Task<SourcePosition> PositionBehindAsync<T>(this IStreamSource<T> source, string partition, int records)
    {
        await using var reader = await source.OpenAsync(partition, default, CancellationToken.None);
        for (var read = 0; read < records; read++)
            Assert.That(await reader.ReadAsync(CancellationToken.None), Is.True, $"record {read}");
        return reader.Position;
    }

    /// <summary>Texts as they are, problems in angle brackets.</summary>
    public static IEnumerable<string> Show(this IEnumerable<SourceRecord<string>> records) =>
        records.Select(static record => record.Problem is null ? record.Value : $"<{record.Problem}>");
}
