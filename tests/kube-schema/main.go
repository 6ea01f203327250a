// kube-schema says whether Kubernetes takes the objects of a stream: it decodes each of them into the API's own Go type, and
// takes an unknown or repeated field, a wrong type, a bad name or a pod that contradicts itself for an error. No cluster is asked.
//
//	kube-schema FILE...
//
// It prints one line for each fault and ends with 1; or the number of objects in each file.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	velero "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func main() {
	faults := 0
	for _, name := range os.Args[1:] {
		text, err := os.ReadFile(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		objects, errs := check(text)
		for _, err := range errs {
			fmt.Printf("%s: %v\n", name, err)
		}
		faults += len(errs)
		fmt.Printf("%s: %d objects\n", name, objects)
	}
	if faults > 0 {
		os.Exit(1)
	}
}

// decoder knows the kinds of Kubernetes and Velero that Hopsworks and hwdr use, and nothing else.
var decoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, autoscalingv2.AddToScheme, networkingv1.AddToScheme,
		policyv1.AddToScheme, rbacv1.AddToScheme, schedulingv1.AddToScheme, velero.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	return json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
}()

// check decodes every document of a stream, and says how many objects there are and what is wrong with them.
func check(stream []byte) (int, []error) {
	var faults []error
	objects := 0
	seen := map[string]bool{}
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, faults
		}
		if err != nil {
			return objects, append(faults, err)
		}
		if isEmpty(document) {
			continue
		}
		for _, object := range decode(document) {
			objects++
			if object.err == nil {
				object.err = errors.Join(inspect(object.object)...)
			}
			if seen[object.name()] {
				object.err = errors.Join(object.err, errors.New("is there twice"))
			}
			seen[object.name()] = true
			if object.err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", object.name(), object.err))
			}
		}
	}
}

// isEmpty says whether a document holds nothing but comments.
func isEmpty(document []byte) bool {
	return len(bytes.TrimSpace(comment.ReplaceAll(document, nil))) == 0
}

var comment = regexp.MustCompile(`(?m)^\s*(#.*|---.*)?$`)

// decoded is one object, or why it is none.
type decoded struct {
	object runtime.Object
	err    error
	text   []byte
}

// decode decodes a document, and the items of one that is a List.
func decode(document []byte) []decoded {
	object, _, err := decoder.Decode(document, nil, nil)
	list, isList := object.(*corev1.List)
	if err != nil || !isList {
		return []decoded{{object, err, document}}
	}
	var all []decoded
	for _, item := range list.Items {
		all = append(all, decode(item.Raw)...)
	}
	return all
}
