namespace RaftStream.StreamStateMachine;

/// <summary>A source whose records come from the user's enumerable, opened at a number.</summary>
/// <typeparam name="T">What a record is.</typeparam>
internal sealed class AsyncSource<T> : IStreamSource<T>
{
    private readonly Func<string, long, CancellationToken, IAsyncEnumerable<T>> _open;
    private readonly string[] _partitions;

    /// <summary>A source of these partitions.</summary>
    /// <exception cref="ArgumentException">There is none, there are too many, or a name is none or there twice.</exception>
    public AsyncSource(Func<string, long, CancellationToken, IAsyncEnumerable<T>> open, string[] partitions)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(partitions);
        foreach (var name in partitions)
            ArgumentNullException.ThrowIfNull(name, nameof(partitions));
        if (partitions.Length is < 1 or > StoreLimits.MaxPartitions)
            throw new ArgumentException($"A source has 1 to {StoreLimits.MaxPartitions} partitions, not {partitions.Length}.", nameof(partitions));
        if (Array.Find(partitions, static name => !StoreLimits.IsName(name)) is { } wrong)
            throw new ArgumentException($"The name of a partition has 1 to {StoreLimits.MaxNameChars} characters and no control character: give another one than this of {wrong.Length} characters.", nameof(partitions));
        (_open, _partitions) = (open, [.. partitions.Order(StringComparer.Ordinal)]);
        for (var index = 1; index < _partitions.Length; index++)
        {
            if (_partitions[index] == _partitions[index - 1])
                throw new ArgumentException($"Two partitions have the name '{_partitions[index]}': give each its own.", nameof(partitions));
        }
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
            throw new ArgumentException($"The source has no partition '{partition}': ask for the list of them.", nameof(partition));
        var number = NumberPosition.Read(from);
        return new(new AsyncSourceReader<T>(number, stop => _open(partition, number, stop)));
    }
}
