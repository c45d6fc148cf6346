using System.IO.Enumeration;

namespace RaftStream.StreamStateMachine;

/// <summary>A file, or the files of a folder, each with its older generations one partition.</summary>
/// <typeparam name="T">What a record is.</typeparam>
internal sealed class FileSource<T> : IStreamSource<T>
{
    private readonly string _path;
    private readonly FileSourceOptions _options;
    private readonly Func<RecordParser<T>> _parser;

    /// <summary>A source of that path, which is looked at when it is used.</summary>
    /// <exception cref="ArgumentException">The path is empty or an option out of range.</exception>
    public FileSource(string path, FileSourceOptions? options, Func<RecordParser<T>> parser)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        (_path, _options, _parser) = (Path.GetFullPath(path), options ?? new(), parser);
        _options.Check();
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListPartitionsAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Directory.Exists(_path) ? ListFolder() : [NameOfFile()]);
    }

    /// <inheritdoc/>
    public ValueTask<ISourceReader<T>> OpenAsync(string partition, SourcePosition from, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partition);
        cancellationToken.ThrowIfCancellationRequested();
        return new(FileSourceReader<T>.Open(PathOf(partition), from, _options, _parser(), cancellationToken));
    }

    private List<string> ListFolder()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(_path))
        {
            var (name, _) = FileGenerations.LogOf(Path.GetFileName(path));
            if (!FileSystemName.MatchesSimpleExpression(_options.Pattern, name, ignoreCase: false))
                continue;
            if (!StoreLimits.IsName(name))
                throw new IOException($"The name of a file in '{_path}' has more than {StoreLimits.MaxNameChars} characters or a control character: rename it, or give a pattern that leaves it out.");
            names.Add(name);
            if (names.Count > StoreLimits.MaxPartitions)
                throw new IOException($"'{_path}' holds more than {StoreLimits.MaxPartitions} files: give a pattern that picks fewer, or divide the folder.");
        }

        return [.. names];
    }

    private string PathOf(string partition)
    {
        if (Directory.Exists(_path))
        {
            // A partition's name comes out of a log: it must not lead to files elsewhere, nor to one that another partition reads.
            var isName = partition.Length > 0 && partition is not ("." or "..") && Path.GetFileName(partition) == partition;
            if (isName && !FileGenerations.LogOf(partition).IsOlder && FileSystemName.MatchesSimpleExpression(_options.Pattern, partition, ignoreCase: false))
                return Path.Combine(_path, partition);
            throw new ArgumentException($"'{partition}' is no partition of the folder '{_path}' with the pattern '{_options.Pattern}': ask for the list of them.", nameof(partition));
        }

        if (partition != NameOfFile())
            throw new ArgumentException($"'{partition}' is no partition of the file '{_path}': its one partition is '{NameOfFile()}'.", nameof(partition));
        return _path;
    }

    private string NameOfFile()
    {
        var name = _options.PartitionName ?? Path.GetFileName(_path);
        return StoreLimits.IsName(name) ? name : throw new IOException($"The name of '{_path}' is none of a partition: give {nameof(FileSourceOptions.PartitionName)}.");
    }
}
