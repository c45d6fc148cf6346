using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace RaftStream.Node.Tests.Support;

/// <summary>All that a program writes to its log, of every level, with its exceptions. Any thread.</summary>
internal sealed class SaidLines : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Line)> _lines = new();

    /// <summary>What was said so far.</summary>
    public IReadOnlyList<(LogLevel Level, string Line)> All => [.. _lines];

    /// <summary>What was said as a warning or worse.</summary>
    public string[] Warnings => [.. _lines.Where(static one => one.Level >= LogLevel.Warning).Select(static one => one.Line)];

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Of<object>(this);

    /// <summary>A logger that writes here.</summary>
    public ILogger<T> For<T>() => new Of<T>(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held but the lines, which are looked at afterwards.
    }

    private sealed class Of<T>(SaidLines lines) : ILogger<T>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines._lines.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));
    }
}
