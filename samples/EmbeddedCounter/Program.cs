using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting;
using RaftStream.Raft;

// Counts how often this program was started, so that not even a power cut loses a start: a cluster of one, on disk, to which other nodes can be added later.
//   dotnet run -c Release --project samples/EmbeddedCounter -- data
var builder = Host.CreateApplicationBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddRaftStream(options => options.Data = args is [var folder, ..] ? folder : "data");
using var host = builder.Build();
await host.StartAsync();
var store = host.Services.GetRequiredService<ICountingStore>();

var start = await store.AddAsync("starts");
if (start.Outcome != Outcome.Applied)
{
    Console.Error.WriteLine($"The start was not counted: {start.Outcome}, {start.Refusal}.");
    return 1;
}

// Four at a time: each of them gets a number of its own, and none is left out.
var tickets = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ => await store.AddAsync("tickets")));
Console.WriteLine($"start {start.Value}, log entry {start.Position.Index}");
Console.WriteLine($"tickets {string.Join(' ', tickets.Select(ticket => ticket.Value).Order())}");
await host.StopAsync();
return 0;
