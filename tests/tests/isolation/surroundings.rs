//! What a worker has, and what the kernel says of it.

use super::siege::{Siege, WORKER, add_hostile, stage};

const MEGABYTE: usize = 1024 * 1024;

#[test]
fn the_kernel_takes_every_right_from_a_worker() {
    let siege = Siege::of(&["hostile"]);
    let workers = siege.host().children().unwrap();
    assert_eq!(workers.len(), 2, "{workers:?}");
    for worker in workers {
        let expected = [
            ("NoNewPrivs", "1"),
            // A filter of system calls.
            ("Seccomp", "2"),
            ("CapEff", "0000000000000000"),
            ("CapPrm", "0000000000000000"),
        ];
        for (name, value) in expected {
            assert_eq!(worker.status(name).unwrap(), value, "{name}");
        }
        let no_core = ["0", "0"].map(str::to_owned);
        assert_eq!(worker.limit("Max core file size").unwrap(), no_core);
        // What the manifest says, and the stacks of the threads that serve the connector.
        for limit in worker.limit("Max data size").unwrap() {
            let limit: usize = limit.parse().unwrap();
            let memory = 256 * MEGABYTE;
            assert!(
                (memory..=memory + 18 * MEGABYTE).contains(&limit),
                "{limit}"
            );
        }
    }
    siege.end();
}

#[test]
fn a_worker_has_no_descriptor_that_leads_anywhere_but_to_its_host() {
    let siege = Siege::of(&["hostile"]);
    // stdin and stdout, which lead nowhere; stderr and the socket, which lead to the host; its library.
    let gain = siege.gain("hostile", "tell-descriptors");
    assert_eq!(gain, "done: device device pipe socket file");
    siege.end();
}

#[test]
fn a_worker_has_the_memory_that_its_manifest_says() {
    let stage = stage();
    let little = "[limits]\nmemory = \"64MB\"\n";
    add_hostile(&stage, WORKER, "little", little, &[]);
    add_hostile(&stage, WORKER, "usual", "", &[]);
    let siege = Siege::begin(stage);
    let take = "take-100-megabytes";
    assert_eq!(siege.gain("little", take), "denied: ENOMEM");
    assert_eq!(siege.gain("usual", take), "done");
    let addresses = "take-64-terabytes-of-addresses";
    assert_eq!(siege.gain("usual", addresses), "denied: ENOMEM");
    siege.log("little");
    siege.end();
}
