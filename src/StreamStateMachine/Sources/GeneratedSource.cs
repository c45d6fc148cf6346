using System.Globalization;

namespace RaftStream.StreamStateMachine;

/// <summary>A source whose records are made from their numbers.</summary>
/// <typeparam name="T">What a record is.</typeparam>
internal sealed class GeneratedSource<T> : IStreamSource<T>
{
    private readonly string[] _partitions;
    private readonly GeneratedRecords<T> _records;

    /// <summary>A source of that many partitions, named by their numbers.</summary>
    public GeneratedSource(int partitions, GeneratedRecords<T> records)
    {
        // Four digits whatever their number is: a name stays the same when there are more partitions, and the order is that of numbers.
        _partitions = [.. Enumerable.Range(0, partitions).Select(static number => number.ToString("D4", CultureInfo.InvariantCulture))];
        _records = records;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListPartitionsAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Array.AsReadOnly(_partitions));
    }

    /// <inheritdoc/>
    public ValueTask<ISourceReader<T>> OpenAsync(string partition, SourcePosition from, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Array.BinarySearch(_partitions, partition, StringComparer.Ordinal) < 0)
            throw new ArgumentException($"The source has no partition '{partition}': they are '0000' to '{_partitions[^1]}'.", nameof(partition));
        return new(new GeneratedReader<T>(partition, NumberPosition.Read(from), _records));
    }
}

/// <summary>How records are made.</summary>
/// <param name="Make">Makes the record of a number in a partition.</param>
/// <param name="PerSecond">How many a second and partition, infinite for no limit.</param>
/// <param name="Count">How many a partition has.</param>
/// <param name="Time">What the rate is measured by.</param>
internal sealed record GeneratedRecords<T>(Func<string, long, T> Make, double PerSecond, long Count, TimeProvider Time);
